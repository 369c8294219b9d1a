/**
 * Runs a stage as one member of its group: a PartitionRunner for each assigned partition. Partitions that
 * stay with this member go on through a rebalance; a partition that comes back waits for its last runner.
 */
import { BackPressure, type Downstream } from "./back-pressure.ts";
import { type Clock, within } from "./clock.ts";
import { Committer } from "./committer.ts";
import type { StageEvents } from "./events.ts";
import { LeftStates } from "./left-states.ts";
import { PartitionRunner, type RunnerContext, type RunnerStatus, type Standpoint } from "./partition-runner.ts";
import { type Log, type Membership, TopicMissing, Unrecoverable } from "./port.ts";
import { Precedence, type Predecessor } from "./precedence.ts";
import type { Stage } from "./stage.ts";
import { ThrowGuard } from "./throw-guard.ts";
import { Turns } from "./turns.ts";

export type StageOptions<Event> = {
  readonly stage: Stage<Event>;
  readonly log: Log;
  readonly clock: Clock;
  readonly events: StageEvents;
  /** Consumer group; the transactional ids begin with it: `<group>-<processId>`, `<group>-<topic>-<partition>`. */
  readonly group: string;
  /** Unlike that of any other process, ever (a random UUID); chance is an argument. */
  readonly processId: string;
  /** The stage that reads what this one writes, if any. */
  readonly downstream?: Omit<Downstream, "partitions"> | undefined;
  /** The stage that reads what this one is preceded by, if any. */
  readonly predecessor?: Omit<Predecessor, "partitions"> | undefined;
  /** Shared by all stages of a process. */
  readonly turns?: Turns;
  /** Longest wait for one answer of the log. */
  readonly deadlineMs?: number;
  /** As CommitterContext has it: 0 if left out. */
  readonly commitIntervalMs?: number;
  readonly retryDelayMs?: number;
  readonly allowPartialHistory?: boolean;
  /** Whether the events of committed batches tell of the records whose producers ask for spans; no header is read without. */
  readonly tracing?: boolean;
  /** Share of records within a minute whose step may throw before the stage stops, and how many may at least. */
  readonly maxThrowShare?: number;
  readonly minThrown?: number;
};

/**
 * Either what was seen; or why there is nothing to see: the partition is another member's, or its state is not ready
 * (status null: no partition was assigned yet).
 */
export type Peek<Result> =
  | { readonly kind: "seen"; readonly seen: Result }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "not ready"; readonly status: RunnerStatus | null };

export interface RunningStage<Event = unknown> {
  /** Rejects when the stage can not go on; never resolves. */
  readonly failed: Promise<never>;
  /** Partitions of this member; null before the first assignment. */
  status(): readonly RunnerStatus[] | null;
  /** Whether other members have some of the partitions: they will go on with the others too. */
  readonly isShared: boolean;
  /** What `look` sees of a partition's state, at once; it must not keep it, nor change anything. */
  peek<Result>(partition: number, look: (standpoint: Standpoint<Event>) => Result): Peek<Result>;
  /**
   * Resolves once this member has decided what now is in its partitions, or when it is `endMs` by the clock. One that
   * goes to another member is not waited for.
   */
  catchUp(endMs: number): Promise<void>;
  /** Finishes the batches in hand and hands over; nothing is decided here any more. Idempotent. */
  release(): Promise<void>;
  /** The same, closes the writer and leaves the group. Idempotent. */
  stop(): Promise<void>;
}

const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** By topic: those that a stage reads and writes, and its state's. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Throws TopicMissing naming all that are absent, Unrecoverable when a state topic does not match its input. */
export async function verifyTopics(
  log: Log,
  stages: readonly Pick<Stage, "input" | "outputs" | "stateTopic" | "precededBy">[],
): Promise<PartitionCounts> {
  const topics = new Set(
    stages.flatMap(({ input, outputs, stateTopic, precededBy }) => [
      input,
      ...outputs,
      stateTopic,
      precededBy ?? input,
    ]),
  );
  const counts = new Map<string, number>();
  const missing: string[] = [];
  for (const topic of topics)
    try {
      counts.set(topic, await log.partitions(topic));
    } catch (error) {
      if (!(error instanceof TopicMissing)) throw error;
      missing.push(topic);
    }
  if (missing.length > 0)
    throw new TopicMissing(
      `${missing.length === 1 ? "this topic is" : "these topics are"} missing: ${missing.join(", ")}`,
    );
  for (const { input, stateTopic } of stages) {
    const [inputCount, stateCount] = [counts.get(input), counts.get(stateTopic)];
    if (stateCount !== inputCount)
      throw new Unrecoverable(
        `${input} has ${inputCount} partitions, its state topic ${stateTopic} has ${stateCount}; they must be the ` +
          "same, since a key's state lives in its partition. Mend: drain, delete the state topic, apply the topics anew",
      );
  }
  return counts;
}

export async function runStage<Event>(options: StageOptions<Event>): Promise<RunningStage<Event>> {
  const running = new StageRunner(options, await verifyTopics(options.log, [options.stage]));
  await running.join();
  return running;
}

class StageRunner<Event> implements RunningStage<Event> {
  readonly failed: Promise<never>;
  readonly #options: StageOptions<Event>;
  readonly #counts: PartitionCounts;
  readonly #throwGuard: ThrowGuard;
  readonly #committer: Committer;
  readonly #turns: Turns;
  readonly #backPressure: BackPressure | null;
  readonly #precedence: Precedence | null;
  readonly #runners = new Map<number, PartitionRunner<Event>>();
  /** The last run of each partition that this process ever owned; settled when it has ended. */
  readonly #ended = new Map<number, Promise<void>>();
  readonly #stopped = new AbortController();
  readonly #left: LeftStates<Event>;
  readonly #fail: (error: unknown) => void;
  #membership: Membership | null = null;
  #assigned = false;
  #runs = 0;
  #releasing: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: StageOptions<Event>, counts: PartitionCounts) {
    this.#options = options;
    this.#counts = counts;
    this.#throwGuard = new ThrowGuard(options.maxThrowShare ?? 0.01, options.minThrown ?? 20);
    const { log, clock, events, group, processId, deadlineMs = DEADLINE_MS, commitIntervalMs = 0 } = options;
    this.#committer = new Committer({ log, clock, events, group, processId, deadlineMs, commitIntervalMs });
    this.#left = new LeftStates(clock, this.#stopped.signal);
    this.#turns = options.turns ?? new Turns(clock);
    const { downstream, predecessor } = options;
    const context = { log, clock, events };
    const counted = <T extends { readonly topic: string }>(other: T) => ({
      ...other,
      partitions: counts.get(other.topic) ?? 0,
    });
    this.#backPressure = downstream === undefined ? null : new BackPressure(context, counted(downstream));
    this.#precedence = predecessor === undefined ? null : new Precedence(context, counted(predecessor));
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.failed = promise;
    this.#fail = (error) => {
      events.failed({ error });
      reject(error);
    };
  }

  async join(): Promise<void> {
    const { log, group, stage } = this.#options;
    this.#membership = await log.join({
      group,
      topic: stage.input,
      onAssigned: (partitions) => this.#assign(partitions),
      onFailed: this.#fail,
    });
  }

  status(): readonly RunnerStatus[] | null {
    return this.#assigned ? [...this.#runners.values()].map((runner) => runner.status) : null;
  }

  get isShared(): boolean {
    return this.#assigned && this.#runners.size < (this.#counts.get(this.#options.stage.input) as number);
  }

  peek<Result>(partition: number, look: (standpoint: Standpoint<Event>) => Result): Peek<Result> {
    const runner = this.#runners.get(partition);
    if (runner === undefined) return this.#assigned ? { kind: "elsewhere" } : { kind: "not ready", status: null };
    const { standpoint, status } = runner;
    return standpoint === null ? { kind: "not ready", status } : { kind: "seen", seen: look(standpoint) };
  }

  async catchUp(endMs: number): Promise<void> {
    const { log, clock, stage } = this.#options;
    const ends = [...this.#runners].map(async ([partition, runner]) => {
      const bounds = log.bounds({ topic: stage.input, partition });
      const { end } = await within(clock, Math.max(0, endMs - clock.now()), "reading the input's bounds", bounds);
      return () => this.#runners.get(partition) === runner && (runner.status.position ?? 0) < end;
    });
    const behind = await Promise.all(ends).catch(() => []); // a log that does not answer is not waited for
    while (behind.some((isBehind) => isBehind()) && clock.now() < endMs) await clock.sleep(LOOK_EVERY_MS);
  }

  release(): Promise<void> {
    this.#releasing ??= (async () => {
      this.#stopped.abort();
      this.#backPressure?.close();
      this.#precedence?.close();
      for (const runner of this.#runners.values()) runner.release();
      await Promise.all(this.#ended.values());
    })();
    return this.#releasing;
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.release();
      await this.#committer.close();
      await this.#membership?.leave();
    })();
    return this.#stopping;
  }

  #assign(partitions: readonly number[]): void {
    if (this.#releasing !== null) return;
    const count = this.#counts.get(this.#options.stage.input) as number;
    const beyond = partitions.find((partition) => partition >= count);
    if (beyond !== undefined) {
      this.#fail(
        new Unrecoverable(
          `${this.#options.stage.input} has grown from ${count} partitions to at least ${beyond + 1}; ` +
            "keys have moved, so their state would be wrong. Mend: drain, then move to a new input topic",
        ),
      );
      return;
    }
    this.#assigned = true;
    const lost = [...this.#runners.keys()].filter((partition) => !partitions.includes(partition));
    for (const partition of lost) {
      this.#runners.get(partition)?.release();
      this.#runners.delete(partition);
    }
    const gained = partitions.filter((partition) => !this.#runners.has(partition));
    this.#options.events.assigned({ partitions, gained: gained.length, lost: lost.length });
    for (const partition of gained) this.#start(partition);
  }

  #start(partition: number): void {
    const runner = new PartitionRunner(this.#contextOf(partition));
    this.#runners.set(partition, runner);
    const last = this.#ended.get(partition) ?? Promise.resolve();
    const run = async (): Promise<void> => {
      await last;
      const left = await runner.run(this.#left.take(partition));
      if (left !== null) this.#left.keep(partition, left);
    };
    this.#ended.set(partition, run().catch(this.#fail));
  }

  #contextOf(partition: number): RunnerContext<Event> {
    const { stage, log, clock, events, group, processId } = this.#options;
    return {
      stage,
      partition,
      group,
      processId,
      run: ++this.#runs,
      committer: this.#committer,
      turns: this.#turns,
      backPressure: this.#backPressure,
      precedence: this.#precedence,
      log,
      clock,
      events,
      throwGuard: this.#throwGuard,
      partitionCounts: this.#counts,
      isLost: () => this.#membership?.isLost ?? false,
      deadlineMs: this.#options.deadlineMs ?? DEADLINE_MS,
      retryDelayMs: this.#options.retryDelayMs ?? 200,
      allowPartialHistory: this.#options.allowPartialHistory ?? false,
      tracing: this.#options.tracing ?? false,
    };
  }
}
