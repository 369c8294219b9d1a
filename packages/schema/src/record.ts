/** One header of a Kafka record. Names may repeat; a value may be null. */
export type Header = readonly [name: string, value: Buffer | null];

/**
 * One committed record of a log, as a reader hands it out.
 * Buffers may be views of a larger network response: copy what is kept.
 */
export type LogRecord = {
  readonly offset: number;
  /** The record's own timestamp in ms since the epoch; -1 when the producer sent none. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
};

/** One record to be written, before its partition is chosen. */
export type NewRecord = {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
  /** ms since the epoch; -1 lets the log stamp it. */
  readonly timestampMs: number;
};
