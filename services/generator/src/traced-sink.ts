/**
 * A sink that begins a trace for a share of the transactions: a span from when one was due to its acknowledgement, and the
 * header that hands the trace on to whoever reads the record. A batch that is sent again begins others.
 */
import { formatTraceparent, TRACEPARENT_HEADER } from "@weir/schema";
import type { OpenSpan, Tracing } from "@weir/service";
import type { Sink, SinkRecord } from "./sink.ts";

export type TracedSinkOptions = {
  readonly tracing: Tracing;
  /** Of the transactions; what goes elsewhere is not traced. */
  readonly topic: string;
  readonly share: number;
  /** The next number in [0, 1). */
  readonly chance: () => number;
  readonly epochMs: () => number;
};

export function tracedSink(sink: Sink, { tracing, topic, share, chance, epochMs }: TracedSinkOptions): Sink {
  const attributes = {
    "messaging.system": "kafka",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    "messaging.destination.name": topic,
  };
  const begin = ({ timestampMs, partition }: SinkRecord): OpenSpan | null =>
    tracing.begin({
      name: `send ${topic}`,
      kind: "producer",
      parent: null,
      startMs: timestampMs,
      attributes:
        partition === null ? attributes : { ...attributes, "messaging.destination.partition.id": String(partition) },
      links: [],
    });
  const sendTraced = async (records: readonly SinkRecord[]): Promise<void> => {
    const spans: OpenSpan[] = [];
    const end = (how: "done" | "failed"): void => {
      for (const span of spans) span.end(epochMs(), how);
    };
    const sent = records.map((record) => {
      const span = chance() < share ? begin(record) : null;
      if (span === null) return record;
      spans.push(span);
      return { ...record, headers: [[TRACEPARENT_HEADER, formatTraceparent(span.context)] as const] };
    });
    try {
      await sink.send(topic, sent);
      end("done");
    } catch (error) {
      end("failed");
      throw error;
    }
  };
  return {
    send: (to, records) => (to === topic ? sendTraced(records) : sink.send(to, records)),
    partitions: (of) => sink.partitions(of),
    close: () => sink.close(),
  };
}
