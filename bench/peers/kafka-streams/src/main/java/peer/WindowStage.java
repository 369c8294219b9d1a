package peer;

import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/** Keeps the history of each key of its input in a store, and asks it before the payment joins it. */
abstract class WindowStage extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  protected final Windows windows = new Windows();
  private final String storeName;
  private final long horizonMs;
  private KeyValueStore<byte[], byte[]> store;

  WindowStage(String storeName, long longestWindowMs) {
    this.storeName = storeName;
    this.horizonMs = longestWindowMs + Windows.LATENESS_MS;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    store = context.getStateStore(storeName);
  }

  /** Decides on a payment that lies in the topic of this stage itself. */
  protected final void decide(Record<byte[], byte[]> record, int hits) {
    RecordMetadata place = context().recordMetadata().orElseThrow();
    Decision decision =
        Decision.of(hits, record.value(), 0, Decision.idOf(place), place.offset(), record.timestamp());
    context().forward(record.withValue(decision.text()), decision.topic());
  }

  protected final byte[] history(Record<byte[], byte[]> record) {
    byte[] kept = store.get(record.key());
    return kept == null ? History.EMPTY : kept;
  }

  protected final void keep(Record<byte[], byte[]> record, byte[] history, int amountMinor, long other) {
    long timeMs = record.timestamp();
    store.put(record.key(), History.with(history, timeMs - horizonMs, timeMs, amountMinor, other));
  }
}
