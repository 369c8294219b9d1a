/**
 * The only door to a log. Two implementations (Kafka in packages/kafka, memory in memory-log.ts)
 * pass one contract suite (packages/testing); every ordering that exactly-once needs lives above this port.
 *
 * What an implementation promises:
 * - openWriter fences: when it resolves, every older writer of the same transactional id can commit
 *   nothing any more and its open transaction is settled.
 * - committed is exact once openWriter of every transactional id that could commit the partition has resolved.
 * - A commit's outputs and its next offset become visible to read_committed readers together or never.
 * - read delivers each committed record of its range once, in offset order, and no aborted one.
 * - No call waits without bound: each gives up by its own timeout and throws.
 */
import type { LogRecord, NewRecord } from "@weir/schema";

export type TopicPartition = { readonly topic: string; readonly partition: number };

export type OutputRecord = NewRecord & { readonly partition: number };

/** Records of `[from, next)`: offsets may be missing (control, aborted, compacted), never out of order. */
export type Batch = {
  readonly from: number;
  /** The offset to read or commit next; > from. */
  readonly next: number;
  readonly records: readonly LogRecord[];
  /** Last stable offset of the partition when this batch was read. */
  readonly endOffset: number;
};

export interface Reader {
  /** The next batch; null once `to` is reached. Throws a LogError, or ReaderClosed after close(). */
  next(): Promise<Batch | null>;
  /** What comes after the batch before and is there already; null when nothing is, or next() has something to tell. */
  more(): Batch | null;
  /** Idempotent; wakes a waiting next(). */
  close(): void;
}

/** Records in the order in which they were added. */
export interface Outputs extends Iterable<OutputRecord> {
  readonly length: number;
}

/** An array, or whatever form a log writes them in. */
export interface OutputList extends Outputs {
  /** The record must not change any more. */
  push(record: OutputRecord): unknown;
}

/** What one transaction makes visible for one input partition. */
export type CommitPart = {
  readonly input: TopicPartition;
  /** The input offset to continue from. */
  readonly next: number;
  /** Kept beside the offset, so that after an unknown result one can tell whose commit stands. */
  readonly tag: string;
  readonly outputs: Outputs;
};

export type CommittedOffset = { readonly offset: number; readonly tag: string };

/** `unknown`: the request may or may not have taken effect; only a new writer and committed() can tell. */
export type CommitResult = "committed" | "failed" | "unknown";

export interface Writer {
  /** One transaction. After anything but "committed" the writer is spent: close it and open another. Never throws. */
  commit(parts: readonly CommitPart[]): Promise<{ readonly result: CommitResult; readonly error?: unknown }>;
  close(): Promise<void>;
}

export type JoinRequest = {
  readonly group: string;
  readonly topic: string;
  /** Called with all partitions of this member at each new generation, synchronously, in order. */
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** Membership ended for good and will not come back by itself. */
  readonly onFailed: (error: unknown) => void;
};

export interface Membership {
  /** The group has not answered for longer than a session: by now its partitions may be another member's. */
  readonly isLost: boolean;
  /** Leaves the group so that the others take over at once. Idempotent. */
  leave(): Promise<void>;
}

export interface Log {
  /** Resolves when the join has begun; keeps trying while the log is unreachable. */
  join(request: JoinRequest): Promise<Membership>;
  /** `group` is the consumer group whose offsets the writer commits. */
  openWriter(transactionalId: string, group: string): Promise<Writer>;
  /** An empty list for the outputs of a commit: what is added to it need not be kept besides. */
  outputs(): OutputList;
  /** The group's committed offset, null if there is none. */
  committed(group: string, input: TopicPartition): Promise<CommittedOffset | null>;
  /** First offset still kept, and the last stable offset. */
  bounds(input: TopicPartition): Promise<{ readonly start: number; readonly end: number }>;
  /** Without `to` the reader follows the log for ever; with it, next() returns null at `to`. */
  read(input: TopicPartition, from: number, to?: number): Reader;
  /** Number of partitions; throws TopicMissing. */
  partitions(topic: string): Promise<number>;
  /** Unlike that of every other topic, one deleted and made anew under the same name included; throws TopicMissing. */
  topicId(topic: string): Promise<string>;
  close(): Promise<void>;
}

/** Named for the reaction: try again later, with a new writer or reader. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
}

/** The asked offset is not in the log: records were lost to retention or the topic was made anew. */
export class OffsetOutOfRange extends Error {
  override readonly name = "OffsetOutOfRange";
}

export class TopicMissing extends Error {
  override readonly name = "TopicMissing";
}

/** The reader was closed while, or before, next() was called. */
export class ReaderClosed extends Error {
  override readonly name = "ReaderClosed";
}

/** Going on would be wrong: the process must stop and someone must look. */
export class Unrecoverable extends Error {
  override readonly name = "Unrecoverable";
}
