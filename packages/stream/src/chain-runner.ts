/**
 * Runs stages that write for each other in one process, or those of them that this process is for.
 *
 * - The last one starts first, so that nothing is written for a stage that is not there yet.
 * - One that another precedes decides nothing that it may not yet (precedence.ts).
 * - None reads further while the one that it writes for has too much waiting (back-pressure.ts).
 * - Where other members go on, all stages stop at once: the sooner those have their partitions, the shorter is the time in
 *   which nobody decides them. Where none does, they stop with the stream: first whoever takes records in, then each one
 *   once it has decided what was written for it, so that a chain that is stopped has nothing under way. A stage that
 *   takes too long stops all the same. Either way what is left stands in the log.
 * - One that fails ends all of them.
 */
import type { StageEvents } from "./events.ts";
import type { RunnerStatus, Standpoint } from "./partition-runner.ts";
import type { Stage } from "./stage.ts";
import { type Peek, type RunningStage, runStage, type StageOptions } from "./stage-runner.ts";
import { Turns } from "./turns.ts";

export type ChainLink<Event = unknown> = {
  readonly stage: Stage<Event>;
  readonly group: string;
  readonly events: StageEvents;
};

export type ChainOptions<Event> = Omit<
  StageOptions<Event>,
  "stage" | "group" | "events" | "downstream" | "predecessor" | "turns"
> & {
  /** The whole chain in the order of its flow. */
  readonly links: readonly ChainLink<Event>[];
  /** Names of the stages to run here; all of them without it. */
  readonly only?: readonly string[];
  /** Offsets that may wait for a stage before those that write for it read no further. */
  readonly maxStageLag: number;
  /** How long a stop waits for what is under way, of all stages together. */
  readonly finishWithinMs: number;
};

export interface RunningChain<Event = unknown> {
  /** Rejects when a stage can not go on; never resolves. */
  readonly failed: Promise<never>;
  /** Of the stages that run here, in the order of the flow; null before a stage's first assignment. */
  status(): readonly { readonly stage: string; readonly partitions: readonly RunnerStatus[] | null }[];
  /** As RunningStage; of a stage that does not run here everything is elsewhere. */
  peek<Result>(stage: string, partition: number, look: (standpoint: Standpoint<Event>) => Result): Peek<Result>;
  /** Idempotent. */
  stop(): Promise<void>;
}

type Started<Event> = { readonly stage: Stage<Event>; readonly running: RunningStage<Event> };

export async function runChain<Event>(options: ChainOptions<Event>): Promise<RunningChain<Event>> {
  const { links, only, maxStageLag, ...shared } = options;
  const turns = new Turns(options.clock);
  const started: Started<Event>[] = [];
  const here = links.filter(({ stage }) => only?.includes(stage.name) ?? true);
  try {
    for (const { stage, group, events } of here.toReversed()) {
      const next = links.find((other) => stage.outputs.includes(other.stage.input));
      const downstream = next && { group: next.group, topic: next.stage.input, maxLag: maxStageLag };
      const first = links.find((other) => other.stage.input === stage.precededBy);
      const predecessor = first && { group: first.group, topic: first.stage.input };
      const running = await runStage({ ...shared, stage, group, events, turns, downstream, predecessor });
      started.unshift({ stage, running });
    }
  } catch (error) {
    await Promise.allSettled(started.map(({ running }) => running.stop()));
    throw error;
  }
  return new ChainRunner(started, options);
}

class ChainRunner<Event> implements RunningChain<Event> {
  readonly failed: Promise<never>;
  readonly #stages: readonly Started<Event>[];
  readonly #options: ChainOptions<Event>;
  #hasFailed = false;
  #stopping: Promise<void> | null = null;

  constructor(stages: readonly Started<Event>[], options: ChainOptions<Event>) {
    this.#stages = stages;
    this.#options = options;
    this.failed = Promise.race(stages.map(({ running }) => running.failed));
    this.failed.catch(() => {
      this.#hasFailed = true;
    });
  }

  status() {
    return this.#stages.map(({ stage, running }) => ({ stage: stage.name, partitions: running.status() }));
  }

  peek<Result>(name: string, partition: number, look: (standpoint: Standpoint<Event>) => Result): Peek<Result> {
    const { running } = this.#stages.find(({ stage }) => stage.name === name) ?? {};
    return running?.peek(partition, look) ?? { kind: "elsewhere" };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#stages.some(({ running }) => running.isShared)) {
      await Promise.all(this.#stages.map(({ running }) => running.stop()));
      return;
    }
    const { clock, finishWithinMs } = this.#options;
    const endMs = clock.now() + finishWithinMs;
    const isFed = ({ stage }: Started<Event>): boolean =>
      this.#stages.some((other) => other.stage.outputs.includes(stage.input));
    const entries = this.#stages.filter((one) => !isFed(one));
    await Promise.all(entries.map(({ running }) => running.release()));
    for (const { running } of this.#stages.filter(isFed)) {
      if (!this.#hasFailed) await Promise.race([running.catchUp(endMs), this.failed.catch(() => {})]);
      await running.release();
    }
    await Promise.all(this.#stages.map(({ running }) => running.stop()));
  }
}
