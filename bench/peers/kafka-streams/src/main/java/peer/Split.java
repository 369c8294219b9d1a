package peer;

import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** The tutorial's rule. */
final class Split extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  @Override
  public void process(Record<byte[], byte[]> record) {
    int hits = Rules.large(Payment.of(record.value()).amountMinor());
    RecordMetadata place = context().recordMetadata().orElseThrow();
    Decision decision =
        Decision.of(hits, record.value(), 0, Decision.idOf(place), place.offset(), record.timestamp());
    context().forward(record.withValue(decision.text()), decision.topic());
  }
}
