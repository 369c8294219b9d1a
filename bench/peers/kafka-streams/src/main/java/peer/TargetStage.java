package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.streams.processor.api.Record;

/** Last of the chain: eight windows of the target, and the rules about both. Sends the payment's own text, by source. */
final class TargetStage extends WindowStage {
  TargetStage(String storeName) {
    super(storeName, 90 * Windows.DAY_MS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    byte[] envelope = record.value();
    double[] ofSource = new double[Windows.COUNT];
    ByteBuffer.wrap(envelope).asDoubleBuffer().get(ofSource);
    int from = SourceStage.FEATURES_BYTES;
    Payment payment = Payment.of(envelope, from, envelope.length - from);
    long source = Payment.identityOf(payment.source());
    byte[] history = history(record);
    double[] ofTarget = windows.eight(history, record.timestamp(), payment.amountMinor(), source);
    boolean fraud = Rules.chain(payment.amountMinor(), ofSource, ofTarget);
    byte[] key = payment.source().getBytes(StandardCharsets.UTF_8);
    byte[] text = Arrays.copyOfRange(envelope, from, envelope.length);
    context().forward(record.withKey(key).withValue(text), fraud ? "fraud" : "legit");
    keep(record, history, payment.amountMinor(), source);
  }
}
