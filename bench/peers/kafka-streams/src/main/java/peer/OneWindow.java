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
    boolean fraud = Rules.oneWindow(amountMinor, windows.one(history, record.timestamp(), amountMinor));
    context().forward(record, fraud ? "fraud" : "legit");
    keep(record, history, amountMinor, 0);
  }
}
