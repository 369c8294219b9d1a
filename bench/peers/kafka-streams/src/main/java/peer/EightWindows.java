package peer;

import org.apache.kafka.streams.processor.api.Record;

/** Eight windows of the source, and the rules about them. */
final class EightWindows extends WindowStage {
  EightWindows(String storeName) {
    super(storeName, 90 * Windows.DAY_MS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Payment payment = Payment.of(record.value());
    int amountMinor = payment.amountMinor();
    long target = Payment.identityOf(payment.target());
    byte[] history = history(record);
    double[] features = windows.eight(history, record.timestamp(), amountMinor, target);
    decide(record, Rules.eightWindows(amountMinor, features));
    keep(record, history, amountMinor, target);
  }
}
