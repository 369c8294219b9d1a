/**
 * The loop: take what is due, send it as one batch, wait for the next. One batch is in flight at a time,
 * which keeps the order per key and bounds memory; while it travels, the next one gathers.
 *
 * A batch that was not acknowledged is sent again until it is, so that no transaction is lost. If only the
 * acknowledgement was lost, Kafka then holds it twice, with the same ids.
 */
import type { Labels } from "./labels.ts";
import type { Schedule } from "./schedule.ts";
import type { Sink, SinkRecord } from "./sink.ts";
import type { TransactionSource } from "./transactions.ts";

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
  /** After each take: how many are due but unsent, and how many were newly given up. */
  readonly paced: (event: { readonly behind: number; readonly forfeited: number }) => void;
  /** After each look for labels that are due: how many are not yet, and how many were newly given up. */
  readonly labelling: (event: { readonly pending: number; readonly forfeited: number }) => void;
  readonly sendFailed: (event: Batch & { readonly error: unknown; readonly attempt: number }) => void;
};

export type Batch = { readonly what: "transactions" | "labels"; readonly records: number };

export type GeneratorOptions = {
  readonly topic: string;
  readonly sink: Sink;
  readonly next: TransactionSource;
  readonly schedule: Schedule;
  /** Null: none are sent. */
  readonly labels: { readonly topic: string; readonly queue: Labels } | null;
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
  const { topic, clock, schedule, labels, events, next } = options;
  const startMs = clock.monotonicMs();
  let left = options.count ?? Number.POSITIVE_INFINITY;
  let forfeited = 0;
  let forfeitedLabels = 0;
  while (left > 0 && !stopping.aborted) {
    const elapsedMs = clock.monotonicMs() - startMs;
    const times = schedule.take(elapsedMs, Math.min(MAX_BATCH, left));
    events.paced({ behind: schedule.behind, forfeited: schedule.forfeited - forfeited });
    forfeited = schedule.forfeited;
    if (times.length > 0) {
      const startEpochMs = clock.epochMs() - elapsedMs;
      // The timestamp is the time it was due: a late transaction's delay shows in every latency measured from it.
      const records = times.map((dueMs) => next(Math.round(startEpochMs + dueMs)));
      left -= records.length;
      await deliver(options, { what: "transactions", topic, records }, stopping);
    }
    if (labels !== null) {
      const { queue } = labels;
      const due = queue.take(clock.epochMs(), MAX_BATCH);
      if (due.length > 0) await deliver(options, { what: "labels", topic: labels.topic, records: due }, stopping);
      events.labelling({ pending: queue.pending, forfeited: queue.forfeited - forfeitedLabels });
      forfeitedLabels = queue.forfeited;
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
