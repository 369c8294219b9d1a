/** A partition that comes back to a process which had it before. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { partitionFor } from "@weir/schema";
import { MemoryBroker, MemoryLog, noEvents, type RunningStage, runStage, VirtualClock } from "@weir/stream";
import { expect, test } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage } from "./counting-stage.ts";

const PARTITIONS = 2;

/** All that can be collected is. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  await new Promise((resolve) => setImmediate(resolve)); // what a job has looked at through a WeakRef stays until it ends
  collect();
}

class World {
  /** States that each process has made. */
  readonly states = new Map<string, WeakRef<object>[]>();
  readonly broker = new MemoryBroker();
  readonly clock = new VirtualClock();
  /** What each process said of each partition that it settled, in turn. */
  readonly settled: string[] = [];
  /** A process whose transactions fail before anything of them is written. */
  failing: string | null = null;
  produced = 0;

  constructor() {
    for (const topic of Object.values(COUNTING_TOPICS)) this.broker.createTopic(topic, PARTITIONS);
  }

  produce(count: number): void {
    for (let index = 0; index < count; index++) {
      const key = Buffer.from(`key-${this.produced++ % 5}`);
      const partition = partitionFor(key, PARTITIONS);
      this.broker.produce({ topic: COUNTING_TOPICS.input, partition, key, value: Buffer.from("pay") });
    }
  }

  start(processId: string, identity = "counting@1"): Promise<RunningStage> {
    const stage = countingStage();
    const made: WeakRef<object>[] = [];
    this.states.set(processId, made);
    const createState: typeof stage.createState = () => {
      const state = stage.createState();
      made.push(new WeakRef(state));
      return state;
    };
    const interfere = (point: string): Promise<void> | undefined =>
      this.failing === processId && point.includes("begin") ? Promise.reject(new Error("no transaction")) : undefined;
    const running = runStage({
      stage: { ...stage, identity, createState },
      log: new MemoryLog(this.broker, { batchRecords: 4, interfere }),
      clock: this.clock,
      events: { ...noEvents, settled: ({ partition, how }) => this.settled.push(`${processId} ${partition} ${how}`) },
      group: "g",
      processId,
    });
    return this.finished("the start", running);
  }

  async finished<T>(what: string, promise: Promise<T>): Promise<T> {
    let done = false;
    void promise.finally(() => {
      done = true;
    });
    await this.clock.runUntil(what, () => done);
    return promise;
  }

  /** States of a process that are in memory still. */
  async held(processId: string): Promise<number> {
    await collectGarbage();
    return this.states.get(processId)?.filter((state) => state.deref() !== undefined).length ?? 0;
  }

  /** Everything is decided, each count as it must be. */
  async decided(): Promise<void> {
    const found = () =>
      this.broker.partitions(COUNTING_TOPICS.output).flatMap((log) => log.slice(0, log.end, 1e9).records);
    await this.clock.runUntil("every output", () => found().length >= this.produced);
    const counts = new Map<string, number>();
    for (const { value } of found()) {
      const { key, count } = JSON.parse(String(value)) as Counted;
      expect(count).toBe((counts.get(key) ?? 0) + 1);
      counts.set(key, count);
    }
  }

  /** It decides more, rightly, and stops. */
  async goesOn(running: RunningStage): Promise<void> {
    this.produce(20);
    await this.decided();
    await this.finished("the stop", running.stop());
  }

  /** The first process has both partitions, gives one to a second, and has it back once that has stopped. */
  async visit(
    duringVisit: () => Promise<void>,
    identity?: string,
    beforeVisit: () => void = () => {},
  ): Promise<RunningStage> {
    const first = await this.start("first");
    this.produce(20);
    await this.decided();
    beforeVisit();
    const second = await this.start("second", identity);
    await this.clock.runUntil("the second to take over", () => this.settled.some((one) => one.startsWith("second")));
    await duringVisit();
    this.settled.length = 0;
    await this.finished("the second to stop", second.stop());
    await this.clock.runUntil("the first to have it back", () => this.settled.length > 0);
    return first;
  }

  async passed(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    void this.clock.sleep(ms);
    await this.clock.runUntil("time to pass", () => this.clock.now() >= endMs);
  }
}

test("a state goes on where it was when nobody has committed meanwhile, without being restored", async () => {
  const world = new World();
  const first = await world.visit(async () => {});
  expect(world.settled).toEqual([expect.stringMatching(/^first \d kept$/)]);
  await world.goesOn(first);
});

test("a state that somebody else has gone beyond is restored", async () => {
  const world = new World();
  const first = await world.visit(async () => {
    world.produce(20);
    await world.decided();
  });
  expect(world.settled).toEqual([expect.stringMatching(/^first \d restored$/)]);
  await world.goesOn(first);
});

test("a state whose snapshot somebody else has begun anew is restored, so that nobody loads a mixture of the two", async () => {
  const world = new World();
  const first = await world.visit(async () => {}, "another@1");
  expect(world.settled).toEqual([expect.stringMatching(/^first \d restored$/)]);
  await world.goesOn(first);
  await world.goesOn(await world.start("last"));
});

test("a state whose last chunks were not written when it was handed over is restored, so that no snapshot goes without them", async () => {
  const world = new World();
  const first = await world.visit(
    async () => {
      world.failing = "second"; // which would hand over what it has replayed
    },
    "counting@1",
    () => {
      world.failing = "first";
    },
  );
  expect(world.settled).toContainEqual(expect.stringMatching(/^first \d restored$/));
  await world.goesOn(first);
  await world.goesOn(await world.start("last"));
});

test("a state is let go after a minute", async () => {
  const world = new World();
  const first = await world.visit(() => world.passed(61_000));
  expect(world.settled).toEqual([expect.stringMatching(/^first \d restored$/)]);
  await world.finished("the stop", first.stop());
});

test("a partition that is lost for good gives its memory back", async () => {
  const world = new World();
  const held: number[] = [];
  const first = await world.visit(async () => {
    held.push(await world.held("first"));
    await world.passed(61_000);
    held.push(await world.held("first"));
  });
  expect(held).toEqual([2, 1]);
  await world.finished("the stop", first.stop());
});
