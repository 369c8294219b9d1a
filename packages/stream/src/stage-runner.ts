/**
 * Runs a stage as one member of its group: a PartitionRunner for each assigned partition. Partitions that
 * stay with this member go on through a rebalance; a partition that comes back waits for its last runner.
 */
import type { Clock } from "./clock.ts";
import { Committer } from "./committer.ts";
import type { StageEvents } from "./events.ts";
import { PartitionRunner, type RunnerContext, type RunnerStatus } from "./partition-runner.ts";
import { type Log, type Membership, TopicMissing, Unrecoverable } from "./port.ts";
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
  readonly snapshotChunks?: number;
  /** Longest wait for one answer of the log. */
  readonly deadlineMs?: number;
  readonly retryDelayMs?: number;
  readonly allowPartialHistory?: boolean;
  /** Share of records within a minute whose step may throw before the stage stops, and how many may at least. */
  readonly maxThrowShare?: number;
  readonly minThrown?: number;
};

export interface RunningStage {
  /** Rejects when the stage can not go on; never resolves. */
  readonly failed: Promise<never>;
  /** Partitions of this member; null before the first assignment. */
  status(): readonly RunnerStatus[] | null;
  /** Finishes the batches in hand, closes the writers, leaves the group. Idempotent. */
  stop(): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** Number of partitions of the input, and of every topic the stage writes. */
export type StageTopics = { readonly partitions: number; readonly counts: ReadonlyMap<string, number> };

/** Throws TopicMissing naming all that are absent, Unrecoverable when the state topic does not match the input. */
export async function verifyTopics(
  log: Log,
  stage: Pick<Stage, "input" | "outputs" | "stateTopic">,
): Promise<StageTopics> {
  const counts = new Map<string, number>();
  const missing: string[] = [];
  for (const topic of [stage.input, ...stage.outputs, stage.stateTopic])
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
  const partitions = counts.get(stage.input) as number;
  const stateCount = counts.get(stage.stateTopic);
  if (stateCount !== partitions)
    throw new Unrecoverable(
      `${stage.input} has ${partitions} partitions, its state topic ${stage.stateTopic} has ${stateCount}; they must be ` +
        "the same, since a key's state lives in its partition. Mend: drain, delete the state topic, apply the topics anew",
    );
  return { partitions, counts };
}

export async function runStage<Event>(options: StageOptions<Event>): Promise<RunningStage> {
  const topics = await verifyTopics(options.log, options.stage);
  const running = new StageRunner(options, topics);
  await running.join();
  return running;
}

class StageRunner<Event> implements RunningStage {
  readonly failed: Promise<never>;
  readonly #options: StageOptions<Event>;
  readonly #topics: StageTopics;
  readonly #throwGuard: ThrowGuard;
  readonly #committer: Committer;
  readonly #turns: Turns;
  readonly #runners = new Map<number, PartitionRunner<Event>>();
  /** The last run of each partition that this process ever owned; settled when it has ended. */
  readonly #ended = new Map<number, Promise<void>>();
  readonly #fail: (error: unknown) => void;
  #membership: Membership | null = null;
  #assigned = false;
  #runs = 0;
  #stopping: Promise<void> | null = null;

  constructor(options: StageOptions<Event>, topics: StageTopics) {
    this.#options = options;
    this.#topics = topics;
    this.#throwGuard = new ThrowGuard(options.maxThrowShare ?? 0.01, options.minThrown ?? 20);
    const { log, clock, events, group, processId, deadlineMs = DEADLINE_MS } = options;
    this.#committer = new Committer({ log, clock, events, group, processId, deadlineMs });
    this.#turns = new Turns(clock);
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

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const runner of this.#runners.values()) runner.release();
      await Promise.all(this.#ended.values());
      await this.#committer.close();
      await this.#membership?.leave();
    })();
    return this.#stopping;
  }

  #assign(partitions: readonly number[]): void {
    if (this.#stopping !== null) return;
    const beyond = partitions.find((partition) => partition >= this.#topics.partitions);
    if (beyond !== undefined) {
      this.#fail(
        new Unrecoverable(
          `${this.#options.stage.input} has grown from ${this.#topics.partitions} partitions to at least ${beyond + 1}; ` +
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
    const run = last.then(() => runner.run()).catch(this.#fail);
    this.#ended.set(partition, run);
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
      log,
      clock,
      events,
      throwGuard: this.#throwGuard,
      partitionCounts: this.#topics.counts,
      snapshotChunks: this.#options.snapshotChunks ?? 50,
      deadlineMs: this.#options.deadlineMs ?? DEADLINE_MS,
      retryDelayMs: this.#options.retryDelayMs ?? 200,
      allowPartialHistory: this.#options.allowPartialHistory ?? false,
    };
  }
}
