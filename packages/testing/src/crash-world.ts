/**
 * One run of counting stages in memory and in virtual time, in which the first process meets a fault at a chosen point
 * where it waits. Afterwards every input of every stage must have exactly one output, outputs of a key keep their order,
 * and every count is right.
 */
import { partitionFor } from "@weir/schema";
import {
  type MemoryBroker,
  MemoryLog,
  noEvents,
  RetryLater,
  type RunningChain,
  runChain,
  type Stage,
  type StageEvents,
  VirtualClock,
} from "@weir/stream";
import { expect } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage, POISON } from "./counting-stage.ts";
import { type Parts, SOUND } from "./planted-bugs.ts";

const PARTITIONS = 2;
const GROUP = "weir";
const KEYS = ["ann", "bob", "cat", "dan", "eve", "flo", "gus"];

/** What befalls the first process at the chosen point. */
export type Fault =
  /** It dies there; a second one takes over when its session has expired. */
  | "crash"
  /** The wait ends in an error there: before = the request never arrived, after = the reply was lost. */
  | "error"
  /** It stands still there until the second one has taken over, goes on as a zombie, then joins again. */
  | "zombie"
  /** It is told to stop there. */
  | "stop"
  /** A second one joins there, and both go on. */
  | "joined";

/** What a world is made of. */
export type WorldOptions = {
  /** A planted bug replaces some. */
  readonly parts?: Parts;
  /** In the order of the flow, from COUNTING_TOPICS.input to COUNTING_TOPICS.output; made anew for each process. */
  readonly stages?: () => readonly Stage[];
};

class World {
  readonly #parts: Parts;
  readonly #stages: () => readonly Stage[];
  readonly broker: MemoryBroker;
  readonly clock = new VirtualClock();
  readonly events: StageEvents;
  readonly settled = new Set<string>();
  failure: unknown = null;
  produced = 0;

  constructor({ parts = SOUND, stages = () => [countingStage()] }: WorldOptions) {
    this.#parts = parts;
    this.#stages = stages;
    this.broker = parts.broker();
    for (const { input, outputs, stateTopic } of stages())
      for (const topic of [input, ...outputs, stateTopic]) this.broker.createTopic(topic, PARTITIONS);
    this.events = {
      ...noEvents,
      settled: ({ how }) => this.settled.add(how),
      failed: ({ error }) => {
        this.failure ??= error;
      },
    };
  }

  produce(count: number): void {
    for (let index = 0; index < count; index++) {
      const key = Buffer.from(KEYS[(this.produced * 5 + (this.produced >> 3)) % KEYS.length] as string);
      const value = Buffer.from(this.produced === 9 ? POISON : "pay");
      this.broker.produce({ topic: COUNTING_TOPICS.input, partition: partitionFor(key, PARTITIONS), key, value });
      this.produced += 1;
    }
  }

  start(processId: string, interfere: (point: string) => Promise<void> | undefined) {
    const log = new MemoryLog(this.broker, { interfere, batchRecords: 3 });
    const links = this.#stages().map((stage) => ({
      stage: this.#parts.alter(stage),
      group: `${GROUP}-${stage.name}`,
      events: this.events,
    }));
    const running = runChain({
      links,
      log: this.#parts.wrap(log),
      clock: this.clock,
      processId,
      maxStageLag: 8,
      finishWithinMs: 5_000,
      minThrown: 5,
    });
    running.catch(() => {});
    return { log, running };
  }

  /** Ends a process in good order; one that never came to run has nothing to end. */
  async stop({ running }: { readonly running: Promise<RunningChain> }): Promise<void> {
    let stopped = false;
    const end = (): void => {
      stopped = true;
    };
    running.then((chain) => chain.stop()).then(end, end);
    await this.clock.runUntil("the process to stop", () => stopped);
  }

  /** Of the last stage, unless another topic is named. */
  outputs(topic: string = COUNTING_TOPICS.output): Counted[] {
    return this.#outputsOf(topic).flat();
  }

  /** By partition. */
  #outputsOf(topic: string): Counted[][] {
    return this.#committed(topic).map((records) => records.map(({ value }) => JSON.parse(String(value)) as Counted));
  }

  /** By partition. */
  #committed(topic: string) {
    return this.broker
      .partitions(topic)
      .map((partition) => partition.slice(0, partition.end, Number.POSITIVE_INFINITY).records);
  }

  async drain(): Promise<void> {
    await this.clock.runUntil(
      "every input to have an output",
      () => this.failure !== null || this.outputs().length >= this.produced,
    );
    if (this.failure !== null) throw this.failure;
  }

  /** Recounts the input of each stage and compares: nothing lost, doubled, out of order or wrong. */
  check(): void {
    const byOrigin = (a: Counted, b: Counted): number => a.origin.localeCompare(b.origin, undefined, { numeric: true });
    for (const { input, outputs } of this.#stages()) {
      const found = this.#outputsOf(outputs[0] as string);
      expect(found.flat().toSorted(byOrigin)).toEqual(this.#expected(input).toSorted(byOrigin));
      for (const partition of found)
        for (const [key, own] of Map.groupBy(partition, ({ key }) => key)) {
          const offsets = own.map(({ origin }) => Number(origin.split("/")[1]));
          expect(offsets, key).toEqual(offsets.toSorted((a, b) => a - b));
        }
    }
  }

  #expected(topic: string): Counted[] {
    return this.#committed(topic).flatMap((records, index) => {
      const counts = new Map<string, number>();
      return records.map((record) => {
        const key = String(record.key);
        const origin = `${index}/${record.offset}`;
        if (String(record.value) === POISON) return { key, origin, count: -1 };
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return { key, origin, count: counts.get(key) as number };
      });
    });
  }
}

/**
 * Throws when an output is lost, doubled, out of order or wrong. `points` are the places where the first process
 * waited, in turn. `wakeAt`: a zombie wakes already when the second process waits for the so-manieth time.
 */
export async function runWithFault(
  fault: Fault | null,
  at: number,
  { wakeAt = Number.POSITIVE_INFINITY, ...options }: WorldOptions & { readonly wakeAt?: number } = {},
): Promise<{ points: readonly string[]; settled: Set<string> }> {
  const world = new World(options);
  world.produce(20);
  const points: string[] = [];
  let hit = false;
  let dead = false;
  let alone = true;
  const standstill = Promise.withResolvers<void>();
  const first = world.start("first", (point) => {
    if (dead) return new Promise(() => {});
    if (!alone || points.push(point) - 1 !== at) return undefined;
    hit = true;
    dead = fault === "crash";
    if (fault === "error") throw new RetryLater("interfered");
    return dead ? new Promise(() => {}) : fault === "zombie" ? standstill.promise : undefined;
  });
  await world.clock.runUntil("the point, or the end", () => hit || world.outputs().length >= world.produced);
  alone = false;
  if (hit && fault === "stop") await world.stop(first);
  let waits = 0;
  const second = world.start("second", () => {
    if (waits++ === wakeAt) standstill.resolve();
    return undefined;
  });
  if (dead || fault === "zombie") first.log.expire();
  world.produce(6);
  if (hit && fault === "zombie") {
    await world.clock.runUntil("the second to take over", () => world.outputs().length > 15);
    standstill.resolve();
    world.produce(5);
    await world.clock.runUntil("the zombie to be about", () => world.outputs().length > 25);
    first.log.rejoin();
  }
  world.produce(5);
  await world.drain();
  if (dead) first.log.expire();
  else await world.stop(first);
  await world.stop(second);
  // A last process restores from what the others left and has to count on from there.
  const last = world.start("last", () => undefined);
  world.produce(14);
  await world.drain();
  await world.stop(last);
  world.check();
  return { points, settled: world.settled };
}
