/** Where the messages come from: a scenario's stream, or the tutorial's four fields. */

import { type EventClock, letters, type PaymentStream, type Random } from "@weir/scenario";
import { partitionFor } from "@weir/schema";
import type { SinkRecord } from "./sink.ts";

/** When something is due: in ms of the schedule since its start, and by the clock, epoch ms. */
export type Due = { readonly scheduleMs: number; readonly epochMs: number };

export type TransactionSource = {
  /** The next transaction; the n-th call gives the n-th message of the seed. */
  readonly next: (due: Due) => SinkRecord;
  /** Null: nobody ever learns what they were. */
  readonly labels: LabelSource | null;
};

export type LabelSource = {
  /** Those that were published up to the last transaction, each once; `epochMs`: by the clock. */
  readonly take: (epochMs: number) => readonly SinkRecord[];
  readonly pending: number;
  /** Given up so far because too many were waiting. */
  readonly forfeited: number;
};

export type ScenarioOptions = {
  readonly stream: PaymentStream;
  /** Null: event time is the clock's. */
  readonly eventClock: EventClock | null;
  /** Of the topic: a record's partition is the default partitioner's choice for its key, the source. */
  readonly partitions: number;
  readonly isLabelling: boolean;
};

/** The record's timestamp is the time at which it was due by the clock, whatever event time its message has. */
export function scenarioTransactions(options: ScenarioOptions): TransactionSource {
  const { stream, eventClock, partitions, isLabelling } = options;
  const eventMs = ({ scheduleMs, epochMs }: Due): number => eventClock?.at(scheduleMs) ?? epochMs;
  const labels: LabelSource = {
    take: (epochMs) =>
      stream.takeLabels().map(({ source, value }) => ({
        key: Buffer.from(source, "latin1"),
        value,
        partition: null,
        timestampMs: epochMs,
      })),
    get pending() {
      return stream.labels.pending;
    },
    get forfeited() {
      return stream.labels.forfeited;
    },
  };
  return {
    next(due) {
      const { source, value } = stream.next(eventMs(due));
      const partition = partitionFor(source, partitions);
      return { key: Buffer.from(source, "latin1"), value, partition, timestampMs: due.epochMs };
    },
    labels: isLabelling ? labels : null,
  };
}

/** Exactly the tutorial's four fields, two new random ids each time, no key; the producer spreads them. */
export function plainTransactions(random: Random): TransactionSource {
  return {
    next({ epochMs }) {
      const [source, target] = [letters(random, 12), letters(random, 12)];
      // 1.00 to 1000.00 in steps of 0.01, each as likely.
      const amount = (100 + random.below(99_901)) / 100;
      const text = `{"source":"${source}","target":"${target}","amount":${amount},"currency":"EUR"}`;
      return { key: null, value: Buffer.from(text, "latin1"), partition: null, timestampMs: epochMs };
    },
    labels: null,
  };
}
