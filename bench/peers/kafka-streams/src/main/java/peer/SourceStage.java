package peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** First of the chain: eight windows of the source, sent on by target, in front of the payment's own text. */
final class SourceStage extends WindowStage {
  /** The features, then partition and offset in the input. */
  static final int ENVELOPE_BYTES = Windows.COUNT * Double.BYTES + Integer.BYTES + Long.BYTES;

  SourceStage(String storeName) {
    super(storeName, 90 * Windows.DAY_MS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Payment payment = Payment.of(record.value());
    long target = Payment.identityOf(payment.target());
    byte[] history = history(record);
    double[] features = windows.eight(history, record.timestamp(), payment.amountMinor(), target);
    ByteBuffer envelope = ByteBuffer.allocate(ENVELOPE_BYTES + record.value().length);
    for (double feature : features) envelope.putDouble(feature);
    RecordMetadata place = context().recordMetadata().orElseThrow();
    envelope.putInt(place.partition()).putLong(place.offset()).put(record.value());
    byte[] key = payment.target().getBytes(StandardCharsets.UTF_8);
    context().forward(record.withKey(key).withValue(envelope.array()), "by-target");
    keep(record, history, payment.amountMinor(), target);
  }
}
