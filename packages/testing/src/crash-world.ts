/**
 * One run of a stage in memory and in virtual time, in which the first process meets a fault at a chosen point
 * where it waits. Afterwards every input must have exactly one output, outputs of a key keep their order, and
 * every count is right.
 */
import { partitionFor } from "@weir/schema";
import {
  type MemoryBroker,
  MemoryLog,
  noEvents,
  RetryLater,
  type RunningStage,
  runStage,
  type StageEvents,
  VirtualClock,
} from "@weir/stream";
import { expect } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage, POISON } from "./counting-stage.ts";
import { type Parts, SOUND } from "./planted-bugs.ts";

const PARTITIONS = 2;
const GROUP = "weir-entry";
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

class World {
  readonly #parts: Parts;
  readonly broker: MemoryBroker;
  readonly clock = new VirtualClock();
  readonly events: StageEvents;
  readonly settled = new Set<string>();
  failure: unknown = null;
  produced = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.broker = parts.broker();
    this.broker.createTopic(COUNTING_TOPICS.input, PARTITIONS);
    this.broker.createTopic(COUNTING_TOPICS.output, PARTITIONS);
    this.broker.createTopic(COUNTING_TOPICS.state, PARTITIONS);
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
    const running = runStage({
      stage: this.#parts.alter(countingStage()),
      log: this.#parts.wrap(log),
      clock: this.clock,
      events: this.events,
      group: GROUP,
      processId,
      snapshotChunks: 1,
      minThrown: 5,
    });
    running.catch(() => {});
    return { log, running };
  }

  /** Ends a process in good order; one that never came to run has nothing to end. */
  async stop({ running }: { readonly running: Promise<RunningStage> }): Promise<void> {
    let stopped = false;
    const end = (): void => {
      stopped = true;
    };
    running.then((stage) => stage.stop()).then(end, end);
    await this.clock.runUntil("the process to stop", () => stopped);
  }

  outputs(): Counted[] {
    return this.broker
      .partitions(COUNTING_TOPICS.output)
      .flatMap((partition) => partition.slice(0, partition.end, Number.POSITIVE_INFINITY).records)
      .map((record) => JSON.parse(String(record.value)) as Counted);
  }

  async drain(): Promise<void> {
    await this.clock.runUntil(
      "every input to have an output",
      () => this.failure !== null || this.outputs().length >= this.produced,
    );
    if (this.failure !== null) throw this.failure;
  }

  /** Recounts the input and compares: nothing lost, doubled, out of order or wrong. */
  expected(): Counted[] {
    return this.broker.partitions(COUNTING_TOPICS.input).flatMap((partition, index) => {
      const counts = new Map<string, number>();
      return partition.entries.map(({ record }) => {
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
  parts = SOUND,
  wakeAt = Number.POSITIVE_INFINITY,
): Promise<{ points: readonly string[]; settled: Set<string> }> {
  const world = new World(parts);
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
  const byOrigin = (a: Counted, b: Counted): number => a.origin.localeCompare(b.origin, undefined, { numeric: true });
  expect(world.outputs().toSorted(byOrigin)).toEqual(world.expected().toSorted(byOrigin));
  for (const key of KEYS) {
    const offsets = world.outputs().flatMap((one) => (one.key === key ? [Number(one.origin.split("/")[1])] : []));
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  }
  return { points, settled: world.settled };
}
