package peer;

import org.apache.kafka.streams.processor.api.Record;

/** Count and sum of the source's last hour. */
final class OneWindow extends WindowStage {
  OneWindow(String storeName) {
    super(storeName, Windows.HOUR_MS);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    int amountMinor = Payment.of(record.value()).amountMinor();
    byte[] history = history(record);
    decide(record, Rules.oneWindow(amountMinor, windows.one(history, record.timestamp(), amountMinor)));
    keep(record, history, amountMinor, 0);
  }
}
