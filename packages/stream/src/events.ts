import type { TraceContext } from "@weir/schema";
import type { CommitResult, Outputs } from "./port.ts";

/** How a partition was brought to its committed offset after fencing. */
export type Settlement =
  /** No state was held: loaded and replayed, or begun from nothing. */
  | "restored"
  /** State was held and stood at the committed offset. */
  | "kept"
  /** The batch whose fate was unknown had been committed. */
  | "committed"
  /** It had not: the same bytes are sent again. */
  | "again";

/** A record whose producer asks for its spans. */
export type TracedRecord = {
  readonly offset: number;
  /** The record's own, ms; -1 where there is none. */
  readonly timestampMs: number;
  /** Its step's. */
  readonly label: string;
  /** Its producer's: every stage passes it on as it is. */
  readonly context: TraceContext;
};

export type BatchCommitted = {
  readonly partition: number;
  readonly from: number;
  readonly next: number;
  /** Last stable offset of the partition when the batch was read: `endOffset - next` is the lag left. */
  readonly endOffset: number;
  readonly records: number;
  /** Step labels and how many records had them. */
  readonly labels: ReadonlyMap<string, number>;
  /** What the commit has made visible, snapshot records last. Not to be kept as it is: it is all that was written. */
  readonly outputs: Outputs;
  /** Record timestamps in ms, one for each record; -1 where there was none. */
  readonly timestampsMs: Float64Array;
  readonly snapshotRecords: number;
  readonly computeMs: number;
  /** From the beginning of that to when its commit was known. */
  readonly ms: number;
  /** Always empty unless the stage runs with `tracing`. */
  readonly traced: readonly TracedRecord[];
};

export type TransactionEnded = {
  /** Those that it was for. */
  readonly partitions: readonly number[];
  readonly result: CommitResult;
  readonly error?: unknown;
  readonly ms: number;
};

/** `done` and `of` are offsets: of a compacted topic many of them hold no record any more. */
export type Restoring = {
  readonly partition: number;
  readonly what: "snapshot" | "replay";
  readonly done: number;
  readonly of: number;
};

export type Restored = {
  readonly partition: number;
  readonly position: number;
  readonly snapshotRecords: number;
  readonly replayed: number;
  readonly keys: number;
  /** Why the log was replayed in full instead of from the snapshot; null when it was not. */
  readonly rebuilt: string | null;
  readonly ms: number;
};

/** `committed`: what the log tells of the partition; `position`: what its marker does. */
export type Forgotten = {
  readonly partition: number;
  readonly committed: number | null;
  readonly position: number;
};

/** One function for each event that is worth a log line or a metric. */
export interface StageEvents {
  assigned(event: { readonly partitions: readonly number[]; readonly gained: number; readonly lost: number }): void;
  settled(event: { readonly partition: number; readonly how: Settlement; readonly position: number }): void;
  /** The log keeps telling an older commit of ours, or none: the partition goes on from where its marker stands. */
  offsetForgotten(event: Forgotten): void;
  /** A long restore goes on. */
  restoring(event: Restoring): void;
  restored(event: Restored): void;
  batchCommitted(event: BatchCommitted): void;
  /** One transaction, of all partitions that were ready. */
  transactionEnded(event: TransactionEnded): void;
  /** A record's step threw; the record is rejected. */
  stepFailed(event: { readonly partition: number; readonly offset: number; readonly error: unknown }): void;
  /** Something failed that is expected to pass; the partition starts again from fencing. */
  retrying(event: { readonly partition: number; readonly attempt: number; readonly error: unknown }): void;
  released(event: { readonly partition: number }): void;
  /** Nothing more is read for now: too much waits for the next stage, in `topic`. */
  held(event: { readonly topic: string; readonly lag: number; readonly maxLag: number }): void;
  /** It goes on, after so long. */
  resumed(event: { readonly topic: string; readonly ms: number }): void;
  /** The stage can not go on. */
  failed(event: { readonly error: unknown }): void;
}

const ignore = (): void => {};

export const noEvents: StageEvents = {
  assigned: ignore,
  settled: ignore,
  offsetForgotten: ignore,
  restoring: ignore,
  restored: ignore,
  batchCommitted: ignore,
  transactionEnded: ignore,
  stepFailed: ignore,
  retrying: ignore,
  released: ignore,
  held: ignore,
  resumed: ignore,
  failed: ignore,
};
