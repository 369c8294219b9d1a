/**
 * Spans of what a stage did: one for each transaction whose producer asks for it, in that producer's trace, and one for
 * the batch that it was in, linked to them. They tell where a record lay, when, and what became of it: no key, nothing of
 * a payload. A batch without such a transaction has none.
 */
import { parseDecisionLabel } from "@weir/engine";
import type { Tracing } from "@weir/service";
import type { BatchCommitted, StageEvents } from "@weir/stream";

export type TracedStage = {
  readonly stage: string;
  /** Its input. */
  readonly topic: string;
  readonly group: string;
};

const FAULT_OF_OURS = "rejected:internal";

/** The same events; of each committed batch the spans are recorded. `nowMs`: epoch ms. */
export function traceBatches(
  events: StageEvents,
  traced: TracedStage,
  tracing: Tracing,
  nowMs: () => number,
): StageEvents {
  return {
    ...events,
    batchCommitted(event) {
      events.batchCommitted(event);
      if (event.traced.length > 0) traceBatch(event, traced, tracing, nowMs());
    },
  };
}

function traceBatch(
  event: BatchCommitted,
  { stage, topic, group }: TracedStage,
  tracing: Tracing,
  endMs: number,
): void {
  const startMs = endMs - event.ms;
  const where = {
    "messaging.system": "kafka",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": topic,
    "messaging.destination.partition.id": String(event.partition),
    "messaging.consumer.group.name": group,
    "weir.stage": stage,
  };
  const spans = event.traced.flatMap(({ offset, timestampMs, label, context }) => {
    const { outcome } = parseDecisionLabel(label);
    const attributes = {
      ...where,
      "messaging.kafka.offset": offset,
      "weir.outcome": outcome,
      // How long the record lay before anybody looked at it, in this stage and those before.
      ...(timestampMs < 0 ? {} : { "weir.waited_ms": Math.max(0, Math.round(startMs - timestampMs)) }),
    };
    const span = tracing.begin({
      name: `process ${topic}`,
      kind: "consumer",
      parent: context,
      startMs,
      attributes,
      links: [],
    });
    span?.end(endMs, label === FAULT_OF_OURS ? "failed" : "done");
    return span === null ? [] : [span.context];
  });
  if (spans.length === 0) return;
  const attributes = {
    ...where,
    "messaging.batch.message_count": event.records,
    "weir.batch.first_offset": event.from,
    "weir.batch.next_offset": event.next,
    "weir.batch.compute_ms": event.computeMs,
    "weir.batch.snapshot_records": event.snapshotRecords,
  };
  const batch = tracing.begin({
    name: `batch of ${topic}`,
    kind: "consumer",
    parent: null,
    startMs,
    attributes,
    links: spans,
  });
  batch?.end(endMs, "done");
}
