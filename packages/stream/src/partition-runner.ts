/**
 * One owned partition, decided exactly once. The order that keeps the guarantee:
 *
 * 1. fence: open the partition's writer, which shuts out every older owner and settles its transaction;
 * 2. only then read the committed offset: before fencing it could still move;
 * 3. bring the state to exactly it. A batch whose commit failed or has an unknown fate is kept: the committed
 *    offset carries the batch's tag (it was committed), or still that of the commit before (send the same bytes
 *    again), or else somebody else has committed since: restore. Offsets alone would not do: another owner may
 *    have ended at the same offset with other snapshot chunks written;
 * 4. per batch: compute once, then outputs, snapshot records and input offset in one transaction;
 * 5. after anything but a commit that succeeded, drop the writer and go back to 1.
 *
 * This begins at assignment, not at the first record: an idle partition whose dead owner left a transaction
 * open would hold up everybody who reads its outputs.
 */
import { computeBatch, type OwnedState, type PendingBatch } from "./batch.ts";
import { type Clock, within } from "./clock.ts";
import type { StageEvents } from "./events.ts";
import {
  type CommittedOffset,
  type Log,
  OffsetOutOfRange,
  type Reader,
  RetryLater,
  TopicMissing,
  type TopicPartition,
  Unrecoverable,
  type Writer,
} from "./port.ts";
import { restore } from "./restore.ts";
import type { Stage } from "./stage.ts";
import type { ThrowGuard } from "./throw-guard.ts";

export type RunnerContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly group: string;
  readonly transactionalId: string;
  /** Unlike that of any other runner, ever: it begins the tags of this runner's commits. */
  readonly memberId: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly events: StageEvents;
  readonly throwGuard: ThrowGuard;
  readonly partitionCounts: ReadonlyMap<string, number>;
  readonly snapshotChunks: number;
  readonly deadlineMs: number;
  readonly retryDelayMs: number;
  readonly allowPartialHistory: boolean;
};

const PHASES = {
  waiting: ["fencing", "released"],
  fencing: ["settling", "backing-off", "released", "failed"],
  settling: ["running", "backing-off", "released", "failed"],
  running: ["backing-off", "released", "failed"],
  "backing-off": ["fencing", "released"],
  released: [],
  failed: [],
} as const;

export type Phase = keyof typeof PHASES;

export type RunnerStatus = {
  readonly partition: number;
  readonly phase: Phase;
  /** The next offset to decide; null until the state is known. */
  readonly position: number | null;
  /** Keys held in the state. */
  readonly keys: number;
  /** Records known to be waiting. */
  readonly lag: number;
  /** Timestamp of the last record committed, ms; null before the first. */
  readonly decidedUpToMs: number | null;
};

/** More consecutive failures of an unexpected kind than this end the stage. */
const MAX_SURPRISES = 5;

export class PartitionRunner<Event> {
  readonly #context: RunnerContext<Event>;
  readonly #input: TopicPartition;
  readonly #released = new AbortController();
  #phase: Phase = "waiting";
  #owned: OwnedState<Event> | null = null;
  /** The offset of the next record to read. */
  #position = 0;
  /** What the group's committed offset has to be if nothing of ours is in doubt. */
  #committed: CommittedOffset | null = null;
  #batches = 0;
  #endOffset = 0;
  #decidedUpToMs: number | null = null;
  #pending: PendingBatch | null = null;
  #reader: Reader | null = null;

  constructor(context: RunnerContext<Event>) {
    this.#context = context;
    this.#input = { topic: context.stage.input, partition: context.partition };
  }

  get status(): RunnerStatus {
    const known = this.#owned !== null;
    return {
      partition: this.#context.partition,
      phase: this.#phase,
      position: known ? this.#position : null,
      keys: this.#owned?.state.keys ?? 0,
      decidedUpToMs: this.#decidedUpToMs,
      lag: known ? Math.max(0, this.#endOffset - this.#position) : 0,
    };
  }

  /** Lets the batch in hand finish, then ends run(). Idempotent. */
  release(): void {
    this.#released.abort();
    this.#reader?.close();
  }

  /** Runs until release(); rejects with what makes going on wrong. */
  async run(): Promise<void> {
    const { clock, events, partition, retryDelayMs } = this.#context;
    let attempt = 0;
    let surprises = 0;
    while (!this.#released.signal.aborted) {
      const before = this.#position;
      try {
        await this.#own();
      } catch (error) {
        if (this.#released.signal.aborted) break;
        if (isFinal(error) || (!(error instanceof RetryLater) && ++surprises > MAX_SURPRISES)) {
          this.#enter("failed");
          throw error;
        }
        if (!(error instanceof RetryLater)) this.#forget();
        if (this.#position > before) attempt = surprises = 0;
        events.retrying({ partition, attempt: ++attempt, error });
        this.#enter("backing-off");
        await clock.sleep(retryDelayMs, this.#released.signal);
      }
    }
    this.#enter("released");
    events.released({ partition });
  }

  async #own(): Promise<void> {
    const { log, group, transactionalId, clock, deadlineMs } = this.#context;
    this.#enter("fencing");
    const opening = log.openWriter(transactionalId, group);
    let writer: Writer;
    try {
      writer = await within(clock, deadlineMs, "opening the writer", opening);
    } catch (error) {
      opening.then((late) => late.close()).catch(() => {});
      throw error;
    }
    try {
      const committed = await within(
        clock,
        deadlineMs,
        "reading the committed offset",
        log.committed(group, this.#input),
      );
      if (this.#released.signal.aborted) return;
      this.#enter("settling");
      await this.#settle(writer, committed);
      this.#enter("running");
      await this.#follow(writer);
    } finally {
      this.#reader?.close();
      this.#reader = null;
      // A writer that cannot be closed in time has been, or will be, fenced by the next one.
      await within(clock, deadlineMs, "closing the writer", writer.close()).catch(() => {});
    }
  }

  async #settle(writer: Writer, committed: CommittedOffset | null): Promise<void> {
    const { events, partition } = this.#context;
    const pending = this.#pending;
    if (this.#owned !== null && pending !== null && committed?.tag === pending.part.tag) {
      this.#advance(pending);
      events.settled({ partition, how: "committed", position: this.#position });
    } else if (this.#owned !== null && pending !== null && committed?.tag === this.#committed?.tag) {
      events.settled({ partition, how: "again", position: this.#position });
      await this.#commit(writer, pending, 0);
    } else if (this.#owned !== null && pending === null && committed?.tag === this.#committed?.tag) {
      events.settled({ partition, how: "kept", position: this.#position });
    } else {
      this.#forget();
      const signal = this.#released.signal;
      const restored = await restore({ ...this.#context, signal }, committed?.offset ?? null);
      this.#owned = restored;
      this.#position = restored.position;
      this.#committed = committed;
      events.settled({ partition, how: "restored", position: this.#position });
    }
  }

  async #follow(writer: Writer): Promise<void> {
    const { log, clock, events, stage, partition, throwGuard, memberId } = this.#context;
    const reader = log.read(this.#input, this.#position);
    this.#reader = reader;
    while (!this.#released.signal.aborted && this.#owned !== null) {
      const batch = await reader.next();
      if (batch === null || this.#released.signal.aborted) return;
      if (batch.from !== this.#position || batch.next <= batch.from)
        throw new Error(`read [${batch.from}, ${batch.next}) of ${stage.input}/${partition} at ${this.#position}`);
      this.#endOffset = batch.endOffset;
      if (batch.records.length === 0) {
        // Only control or aborted records: the committed offset moves with the next real batch.
        this.#position = batch.next;
        continue;
      }
      const startedMs = clock.now();
      const pending = computeBatch(this.#context, this.#owned, batch, `${memberId}/${++this.#batches}`);
      this.#pending = pending;
      for (const { offset, error } of pending.thrown) events.stepFailed({ partition, offset, error });
      throwGuard.check(startedMs, batch.records.length, pending.thrown.length);
      await this.#commit(writer, pending, clock.now() - startedMs);
    }
  }

  /** Commits or throws; on success the batch's effect is counted, once. */
  async #commit(writer: Writer, pending: PendingBatch, computeMs: number): Promise<void> {
    const { clock, deadlineMs, events, partition } = this.#context;
    const startedMs = clock.now();
    const { result, error } = await within(clock, deadlineMs, "the commit", writer.commit([pending.part]));
    if (result !== "committed") {
      events.commitFailed({ partition, result, error });
      throw new RetryLater(`the commit of [${pending.batch.from}, ${pending.batch.next}) is ${result}`, {
        cause: error,
      });
    }
    this.#advance(pending, computeMs, clock.now() - startedMs);
  }

  #advance(pending: PendingBatch, computeMs = 0, commitMs = 0): void {
    const { batch, labels, snapshotRecords, part } = pending;
    this.#position = part.next;
    this.#committed = { offset: part.next, tag: part.tag };
    this.#pending = null;
    this.#decidedUpToMs = batch.records.at(-1)?.timestampMs ?? null;
    this.#context.events.batchCommitted({
      partition: this.#context.partition,
      from: batch.from,
      next: batch.next,
      endOffset: batch.endOffset,
      records: batch.records.length,
      labels,
      timestampsMs: Float64Array.from(batch.records, (record) => record.timestampMs),
      snapshotRecords,
      computeMs,
      commitMs,
    });
  }

  #forget(): void {
    this.#owned = null;
    this.#pending = null;
  }

  #enter(phase: Phase): void {
    const allowed: readonly Phase[] = PHASES[this.#phase];
    if (!allowed.includes(phase)) throw new Error(`partition ${this.#context.partition}: ${this.#phase} -> ${phase}`);
    this.#phase = phase;
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof Unrecoverable || error instanceof OffsetOutOfRange || error instanceof TopicMissing;
}
