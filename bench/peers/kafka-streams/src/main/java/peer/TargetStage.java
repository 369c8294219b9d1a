package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.Record;

/** Last of the chain: eight windows of the target, and the rules about both. Sends by source. */
final class TargetStage extends WindowStage {
  private static final String INPUT = System.getenv("TRANSACTIONS_TOPIC");

  TargetStage(String storeName) {
    super(storeName, 90 * Windows.DAY_MS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    byte[] envelope = record.value();
    ByteBuffer head = ByteBuffer.wrap(envelope);
    double[] ofSource = new double[Windows.COUNT];
    for (int index = 0; index < ofSource.length; index++) ofSource[index] = head.getDouble();
    int partition = head.getInt();
    long offset = head.getLong();
    int from = SourceStage.ENVELOPE_BYTES;
    Payment payment = Payment.of(envelope, from, envelope.length - from);
    long source = Payment.identityOf(payment.source());
    byte[] history = history(record);
    double[] ofTarget = windows.eight(history, record.timestamp(), payment.amountMinor(), source);
    int hits = Rules.chain(payment.amountMinor(), ofSource, ofTarget);
    String id = INPUT + '/' + partition + '/' + offset;
    Decision decision = Decision.of(hits, envelope, from, id, offset, record.timestamp());
    byte[] key = payment.source().getBytes(StandardCharsets.UTF_8);
    context().forward(record.withKey(key).withValue(decision.text()), decision.topic());
    keep(record, history, payment.amountMinor(), source);
  }
}
