/**
 * The loop: take what is due, send it as one batch, wait for the next. One batch is in flight at a time,
 * which keeps the order per key and bounds memory; while it travels, the next one gathers.
 *
 * A batch that was not acknowledged is sent again until it is, so that no transaction is lost. If only the
 * acknowledgement was lost, Kafka then holds it twice, with the same ids.
 */
import type { Schedule } from "./schedule.ts";
import type { Sink, SinkRecord } from "./sink.ts";
import type { Due, TransactionSource } from "./transactions.ts";

/** Time from outside, so that a test owns it. */
export type Clock = {
  readonly monotonicMs: () => number;
  readonly epochMs: () => number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** One call for each thing worth a log or a metric. */
export type GeneratorEvents = {
  readonly sending: () => void;
  readonly sent: (event: Batch & { readonly durationMs: number }) => void;
  /** After each take: how many are due but unsent, how many were newly given up, by how much all others were newly put off. */
  readonly paced: (event: { readonly behind: number; readonly forfeited: number; readonly putOffMs: number }) => void;
  /** After each look for labels that are due: how many are not yet, and how many were newly given up. */
  readonly labelling: (event: { readonly pending: number; readonly forfeited: number }) => void;
  readonly sendFailed: (event: Batch & { readonly error: unknown; readonly attempt: number }) => void;
};

export type Batch = { readonly what: "transactions" | "labels"; readonly records: number };

export type GeneratorOptions = {
  readonly topic: string;
  readonly sink: Sink;
  readonly labelsTopic: string;
  readonly source: TransactionSource;
  readonly schedule: Schedule;
  /** Stop after so many; null: never. */
  readonly count: number | null;
  readonly clock: Clock;
  readonly events: GeneratorEvents;
};

/** Messages per send: where the client's cost per message is lowest. */
export const MAX_BATCH = 1000;
/** Time for a batch to gather: each send costs about as much as 20 messages. */
export const LINGER_MS = 4;
/** Pause before a refused batch is sent again. */
export const RETRY_MS = 500;

/** The stop came before Kafka took the last batch. */
export class Undelivered extends Error {
  override readonly name = "Undelivered";
}

/** Runs until `count` are acknowledged or `stopping` aborts; then nothing is in flight. Throws only Undelivered. */
export async function generate(options: GeneratorOptions, stopping: AbortSignal): Promise<void> {
  const { topic, labelsTopic, clock, schedule, source, events } = options;
  const startMs = clock.monotonicMs();
  let left = options.count ?? Number.POSITIVE_INFINITY;
  const before = { forfeited: 0, putOffMs: 0, labels: 0 };
  while (left > 0 && !stopping.aborted) {
    const elapsedMs = clock.monotonicMs() - startMs;
    const times = schedule.take(elapsedMs, Math.min(MAX_BATCH, left));
    const { behind, forfeited, putOffMs } = schedule;
    events.paced({ behind, forfeited: forfeited - before.forfeited, putOffMs: putOffMs - before.putOffMs });
    before.forfeited = forfeited;
    before.putOffMs = putOffMs;
    const startEpochMs = clock.epochMs() - elapsedMs + putOffMs;
    const due = (scheduleMs: number): Due => ({ scheduleMs, epochMs: Math.round(startEpochMs + scheduleMs) });
    if (times.length > 0) {
      // The timestamp is the time it was due: a late transaction's delay shows in every latency measured from it.
      const records = times.map((scheduleMs) => source.next(due(scheduleMs)));
      left -= records.length;
      await deliver(options, { what: "transactions", topic, records }, stopping);
    }
    const { labels } = source;
    if (labels !== null) {
      const records = labels.take(clock.epochMs());
      if (records.length > 0) await deliver(options, { what: "labels", topic: labelsTopic, records }, stopping);
      events.labelling({ pending: labels.pending, forfeited: labels.forfeited - before.labels });
      before.labels = labels.forfeited;
    }
    const nowMs = clock.monotonicMs() - startMs;
    const waitMs = Math.max(schedule.waitMs(nowMs), elapsedMs + LINGER_MS - nowMs);
    if (schedule.behind < MAX_BATCH && waitMs > 0 && left > 0) await clock.sleep(waitMs, stopping);
  }
}

type Delivery = {
  readonly what: Batch["what"];
  readonly topic: string;
  readonly records: readonly SinkRecord[];
};

async function deliver(
  { clock, events, sink }: GeneratorOptions,
  { what, topic, records }: Delivery,
  stopping: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const sentMs = clock.monotonicMs();
    events.sending();
    try {
      await sink.send(topic, records);
      events.sent({ what, records: records.length, durationMs: clock.monotonicMs() - sentMs });
      return;
    } catch (error) {
      events.sendFailed({ what, error, records: records.length, attempt });
      if (stopping.aborted) {
        throw new Undelivered(`Kafka had not taken the last ${records.length} ${what} when the stop came`, {
          cause: error,
        });
      }
      await clock.sleep(RETRY_MS, stopping);
    }
  }
}
