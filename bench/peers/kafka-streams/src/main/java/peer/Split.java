package peer;

import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** The tutorial's rule. The text goes out as it came in. */
final class Split extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  @Override
  public void process(Record<byte[], byte[]> record) {
    boolean fraud = Rules.large(Payment.of(record.value()).amountMinor());
    context().forward(record, fraud ? "fraud" : "legit");
  }
}
