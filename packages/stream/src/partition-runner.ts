/**
 * One owned partition, decided exactly once. The order that keeps the guarantee:
 *
 * 1. fence: have the process's writer open, which settles what its last one left, and take the partition, which shuts
 *    out every other owner (ownership.ts);
 * 2. only then is the committed offset exact: before, it could still move;
 * 3. bring the state to exactly that offset. Batches whose commit failed or has an unknown fate are kept: the
 *    committed offset carries the tag of one of them (up to that one they were committed) or still that of the commit
 *    before (none was), and the rest is sent again as the same bytes; or else somebody else has committed since:
 *    restore. Offsets alone would not do: another owner may have ended at the same offset with other snapshot chunks
 *    written;
 * 4. per batch: compute once, then outputs, snapshot records and input offset in one transaction. While more is known
 *    to wait, the next batch is computed during the commit of the one before;
 * 5. after anything but a commit that succeeded, go back to 1.
 *
 * This begins at assignment, not at the first record: an idle partition whose dead owner left a transaction
 * open would hold up everybody who reads its outputs.
 */
import type { BackPressure } from "./back-pressure.ts";
import { chunkRecords, computeBatch, markerRecord, type OwnedState, type PendingBatch } from "./batch.ts";
import { type Clock, within } from "./clock.ts";
import type { Committer, Session } from "./committer.ts";
import type { Restoring, StageEvents } from "./events.ts";
import type { LeftState } from "./left-states.ts";
import { type OwnershipContext, seize } from "./ownership.ts";
import {
  type Batch,
  type CommitPart,
  type Log,
  OffsetOutOfRange,
  type OutputRecord,
  type Reader,
  RetryLater,
  TopicMissing,
  type TopicPartition,
  Unrecoverable,
  type Writer,
} from "./port.ts";
import type { Precedence } from "./precedence.ts";
import { type RestoredState, restore } from "./restore.ts";
import type { Stage, StageState } from "./stage.ts";
import { decidedUpTo, type Standing, tagOf } from "./standing.ts";
import type { ThrowGuard } from "./throw-guard.ts";
import type { Turns } from "./turns.ts";
import { closeWriter } from "./writers.ts";

export type RunnerContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly group: string;
  /** Unlike that of any other process, ever. */
  readonly processId: string;
  /** Unlike that of any other run of this process. */
  readonly run: number;
  readonly committer: Committer;
  readonly turns: Turns;
  /** Null: nobody reads what the stage writes. */
  readonly backPressure: BackPressure | null;
  /** Null: nobody has to go first. */
  readonly precedence: Precedence | null;
  readonly log: Log;
  readonly clock: Clock;
  readonly events: StageEvents;
  readonly throwGuard: ThrowGuard;
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** See Membership. */
  readonly isLost: () => boolean;
  readonly deadlineMs: number;
  readonly retryDelayMs: number;
  readonly allowPartialHistory: boolean;
  readonly tracing: boolean;
};

/** With when, by the clock, it began to be computed, and how long that took. */
type TimedBatch = PendingBatch & { readonly startedMs: number; readonly computeMs: number };

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
  /** How far a restore is; null when none is under way, or nothing of it is read yet. */
  readonly restoring: Pick<Restoring, "what" | "done" | "of"> | null;
};

/** A state as it stands between two batches, with the offsets that it stands at. */
export type Standpoint<Event> = {
  readonly state: StageState<Event>;
  /** The next offset to read: all before it is in the state. */
  readonly applied: number;
  /** What is committed ends there; behind `applied` while a commit is under way. */
  readonly committed: number;
};

/** Records for one transaction: no more is read once there are so many. */
const MOST_AT_ONCE = 10_000;
/** Batches computed and not yet known to be committed. */
const MAX_PENDING = 2;
/** Chunks that go with handing a partition over; what is beyond is replayed. */
const MOST_HANDED_OVER = 1_000;
/** More consecutive failures of an unexpected kind than this end the stage. */
const MAX_SURPRISES = 5;
/** How often a long restore says in the log how far it is. */
const PROGRESS_EVERY_MS = 2_000;

export class PartitionRunner<Event> {
  readonly #context: RunnerContext<Event>;
  readonly #ownership: OwnershipContext;
  readonly #released = new AbortController();
  #phase: Phase = "waiting";
  #owned: OwnedState<Event> | null = null;
  /** The offset of the next record to read; all before it is in the state. */
  #position = 0;
  /** Where the partition stands, the pending batches apart. */
  #committed: Standing | null = null;
  /** Oldest first; each was computed on the state that the one before it left. */
  #pending: readonly TimedBatch[] = [];
  #batches = 0;
  #endOffset = 0;
  #decidedUpToMs: number | null = null;
  #reader: Reader | null = null;
  #restoring: Restoring | null = null;

  constructor(context: RunnerContext<Event>) {
    const { stage, partition, log, clock, group, processId, deadlineMs, events, isLost } = context;
    const input: TopicPartition = { topic: stage.input, partition };
    this.#context = context;
    const { stateTopic } = stage;
    const onForgotten = (committed: number | null, position: number): void =>
      events.offsetForgotten({ partition, committed, position });
    const { signal } = this.#released;
    this.#ownership = { log, clock, group, input, stateTopic, processId, deadlineMs, signal, isLost, onForgotten };
  }

  get status(): RunnerStatus {
    const position = this.#owned === null ? null : (this.#pending[0]?.from ?? this.#position);
    return {
      partition: this.#context.partition,
      phase: this.#phase,
      position,
      keys: this.#owned?.state.keys ?? 0,
      decidedUpToMs: this.#decidedUpToMs,
      restoring: this.#restoring,
      lag: position === null ? 0 : Math.max(0, this.#endOffset - position),
    };
  }

  /** Null unless it is being decided. To be read at once, since it moves on with the next batch, and never to be changed. */
  get standpoint(): Standpoint<Event> | null {
    if (this.#owned === null || this.#committed === null || this.#phase !== "running") return null;
    return { state: this.#owned.state, applied: this.#position, committed: this.#committed.offset };
  }

  /** Lets the batches in hand finish, then ends run(). Idempotent. */
  release(): void {
    this.#released.abort();
    this.#reader?.close();
  }

  /**
   * Runs until release(), from what an earlier run left if that still stands; resolves with what this one leaves, null if
   * that is not exactly what is committed. Rejects with what makes going on wrong.
   */
  async run(left: LeftState<Event> | null): Promise<LeftState<Event> | null> {
    const { clock, events, partition, retryDelayMs } = this.#context;
    if (left !== null) {
      this.#owned = left.owned;
      this.#committed = left.committed;
      this.#position = left.committed.offset;
    }
    let attempt = 0;
    let surprises = 0;
    while (!this.#released.signal.aborted) {
      const before = this.#committed?.offset;
      try {
        await this.#own();
      } catch (error) {
        if (this.#released.signal.aborted) break;
        if (isFinal(error) || (!(error instanceof RetryLater) && ++surprises > MAX_SURPRISES)) {
          this.#enter("failed");
          throw error;
        }
        if (!(error instanceof RetryLater)) this.#forget();
        if (this.#committed?.offset !== before) attempt = surprises = 0;
        events.retrying({ partition, attempt: ++attempt, error });
        this.#enter("backing-off");
        await clock.sleep(retryDelayMs, this.#released.signal);
      }
    }
    this.#enter("released");
    events.released({ partition });
    const [owned, committed] = [this.#owned, this.#committed];
    return owned === null || committed === null || this.#pending.length > 0 ? null : { owned, committed };
  }

  async #own(): Promise<void> {
    this.#enter("fencing");
    const session = await this.#context.committer.session();
    const { lock, standing, epoch } = await seize(this.#ownership);
    try {
      if (this.#released.signal.aborted) return;
      this.#enter("settling");
      await this.#settle(standing, epoch);
      await this.#confirm(lock, standing);
    } finally {
      await closeWriter(this.#ownership, lock);
    }
    this.#enter("running");
    for (const pending of this.#pending) await this.#commit(session, pending, true);
    await this.#follow(session);
    if (this.#released.signal.aborted) await this.#handOver(session);
  }

  /** Brings state and pending batches to where the partition stands; what is still pending then is to be sent again. */
  async #settle(standing: Standing | null, epoch: number | null): Promise<void> {
    const { events, partition } = this.#context;
    // Who has only rebuilt the state and decided nothing leaves no batch, but a snapshot of another epoch.
    const isOurs = this.#owned !== null && (epoch === null || epoch === this.#owned.epoch);
    const included = isOurs ? this.#pendingIncludedIn(standing) : -1;
    if (included < 0) {
      this.#forget();
      const restored = await this.#restore(standing);
      this.#owned = restored;
      this.#position = restored.position;
      this.#committed = standing;
      events.settled({ partition, how: "restored", position: this.#position });
      return;
    }
    for (const pending of this.#pending.slice(0, included)) this.#advance(pending);
    const again = this.#pending.length > 0;
    if (included > 0) events.settled({ partition, how: "committed", position: this.#position });
    else if (!again) events.settled({ partition, how: "kept", position: this.#position });
    if (again) events.settled({ partition, how: "again", position: this.#position });
  }

  async #restore(standing: Standing | null): Promise<RestoredState<Event>> {
    const { clock, events } = this.#context;
    let toldMs = clock.now();
    const progress = (restoring: Restoring): void => {
      this.#restoring = restoring;
      if (clock.now() - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = clock.now();
      events.restoring(restoring);
    };
    try {
      return await restore({ ...this.#context, progress, signal: this.#released.signal }, decidedUpTo(standing));
    } finally {
      this.#restoring = null;
    }
  }

  /** Makes us the owner of the partition, so that whoever takes it next knows whom to fence. */
  async #confirm(lock: Writer, standing: Standing | null): Promise<void> {
    const { processId, clock, deadlineMs } = this.#context;
    if (standing?.owner === processId) return;
    const { offset, batch } =
      standing === null || standing.batch === null ? { offset: this.#position, batch: null } : standing;
    const part = this.#standStill({ offset, batch, owner: processId });
    const { result, error } = await within(clock, deadlineMs, "taking the partition", lock.commit([part]));
    if (result !== "committed") throw new RetryLater(`taking the partition is ${result}`, { cause: error });
    this.#committed = { offset, batch, owner: processId };
  }

  /**
   * Takes us out of the tag, so that the next owner need not fence a process that goes on with other partitions, and
   * writes what the snapshot lacks, so that it need not replay it either. That counts as a batch, of no records: whoever
   * has kept an older state of the partition must not take it for what stands now.
   */
  async #handOver(session: Session): Promise<void> {
    const [owned, committed] = [this.#owned, this.#committed];
    if (committed === null || owned === null || session.ended.aborted) return;
    const chunks =
      committed.batch === null ? [] : chunkRecords(this.#context, owned, MOST_HANDED_OVER, committed.offset);
    const batch = chunks.length === 0 ? committed.batch : this.#nextName();
    const standing = { offset: committed.offset, batch, owner: null };
    try {
      await session.commit(this.#standStill(standing, chunks));
      this.#committed = standing;
    } catch {
      // The next owner will fence us. What the state has written may not be in the snapshot.
      if (chunks.length > 0) this.#forget();
    }
  }

  /** A commit of no records: of who owns the partition, and of chunks that make the snapshot newer. */
  #standStill(standing: Standing, chunks: readonly OutputRecord[] = []): CommitPart {
    const { input } = this.#ownership;
    if (this.#owned === null) throw new Error(`${input.topic}/${input.partition}: an owner without a state`);
    const tag = tagOf(standing);
    const marker = markerRecord(this.#context, this.#owned, standing.offset, tag);
    return { input, next: standing.offset, tag, outputs: [...chunks, marker] };
  }

  /** Of a batch, unlike that of every other. */
  #nextName(): string {
    const { processId, run } = this.#context;
    return `${processId}/${run}/${++this.#batches}`;
  }

  /** How many of the pending batches are in it; -1 when it is not of our making. */
  #pendingIncludedIn(standing: Standing | null): number {
    if (standing === null) return -1;
    if (standing.batch === this.#committed?.batch) return 0;
    return this.#pending.findIndex(({ name }) => name === standing.batch) + 1 || -1;
  }

  async #follow(session: Session): Promise<void> {
    const { log, clock, events, partition, throwGuard, turns } = this.#context;
    const reader = log.read(this.#ownership.input, this.#position);
    this.#reader = reader;
    const close = (): void => reader.close();
    session.ended.addEventListener("abort", close);
    const underWay: Promise<void>[] = [];
    try {
      while (!this.#released.signal.aborted && this.#owned !== null) {
        const batch = await this.#next(reader, session);
        if (batch === null || this.#released.signal.aborted) break;
        if (batch.records.length === 0) continue;
        if (batch.next < batch.endOffset) await turns.next();
        const startedMs = clock.now();
        const computed = computeBatch(this.#context, this.#owned, this.#with(batch, reader), this.#nextName());
        const pending = { ...computed, startedMs, computeMs: clock.now() - startedMs };
        this.#pending = [...this.#pending, pending];
        for (const { offset, error } of pending.thrown) events.stepFailed({ partition, offset, error });
        throwGuard.check(startedMs, pending.timestampsMs.length, pending.thrown.length);
        const commit = this.#commit(session, pending, false);
        commit.catch(() => {}); // awaited below, unless an earlier one fails
        underWay.push(commit);
        // A batch that is all there is waits for its commit, so that more may gather for the next.
        const most = pending.part.next < pending.endOffset ? MAX_PENDING - 1 : 0;
        while (underWay.length > most) await underWay.shift();
      }
      await Promise.all(underWay);
    } finally {
      session.ended.removeEventListener("abort", close);
      reader.close();
      this.#reader = null;
      await Promise.allSettled(underWay);
    }
  }

  /** The next batch, its position taken; null at the end. */
  async #next(reader: Reader, session: Session): Promise<Batch | null> {
    const { backPressure, precedence } = this.#context;
    let batch: Batch | null;
    try {
      await backPressure?.clear(this.#released.signal);
      batch = await reader.next();
      if (batch !== null && batch.records.length > 0) await precedence?.clear(this.#released.signal);
    } catch (error) {
      if (session.ended.aborted) throw new RetryLater("the writer is lost");
      if (this.#released.signal.aborted) return null;
      throw error;
    }
    if (batch !== null) this.#took(batch);
    return batch;
  }

  /** The batch, and what is there after it, up to a bound. Who is preceded has waited for what he had read, and no more. */
  *#with(batch: Batch, reader: Reader): Generator<Batch> {
    yield batch;
    if (this.#context.precedence !== null) return;
    let records = batch.records.length;
    while (records < MOST_AT_ONCE) {
      const more = reader.more();
      if (more === null) return;
      this.#took(more);
      yield more;
      records += more.records.length;
    }
  }

  #took({ from, next, endOffset, records }: Batch): void {
    if (from !== this.#position || next <= from) {
      const { topic, partition } = this.#ownership.input;
      throw new Error(`read [${from}, ${next}) of ${topic}/${partition} at ${this.#position}`);
    }
    this.#context.backPressure?.took(records.length);
    this.#endOffset = endOffset;
    // Of control or aborted records only: the committed offset moves with the next batch that has others.
    this.#position = next;
  }

  /** Commits or throws; on success the batch's effect is counted, once. */
  async #commit(session: Session, pending: TimedBatch, alone: boolean): Promise<void> {
    await session.commit(pending.part, { alone });
    this.#advance(pending);
  }

  #advance(pending: TimedBatch): void {
    const { name, from, endOffset, timestampsMs, labels, snapshotRecords, part, traced, startedMs, computeMs } =
      pending;
    this.#committed = { offset: part.next, batch: name, owner: this.#context.processId };
    this.#pending = this.#pending.filter((other) => other !== pending);
    this.#decidedUpToMs = timestampsMs.at(-1) ?? null;
    this.#context.events.batchCommitted({
      partition: this.#context.partition,
      from,
      next: part.next,
      endOffset,
      records: timestampsMs.length,
      labels,
      outputs: part.outputs,
      timestampsMs,
      snapshotRecords,
      computeMs,
      ms: this.#context.clock.now() - startedMs,
      traced,
    });
  }

  #forget(): void {
    this.#owned = null;
    this.#pending = [];
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
