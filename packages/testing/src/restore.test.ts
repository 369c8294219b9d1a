/** What a stage does when the committed offset, the snapshot and the log do not fit together. */
import {
  decodeMarker,
  isMarkerKey,
  MARKER_KEY,
  MemoryBroker,
  MemoryLog,
  noEvents,
  type Restored,
  type Restoring,
  type RunningStage,
  runStage,
  type StageEvents,
  VirtualClock,
} from "@weir/stream";
import { describe, expect, test } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage } from "./counting-stage.ts";

const GROUP = "weir-entry";
const INPUT = { topic: COUNTING_TOPICS.input, partition: 0 };
const STATE = { topic: COUNTING_TOPICS.state, partition: 0 };

type Options = {
  readonly feeds?: readonly string[];
  readonly allowPartialHistory?: boolean;
  readonly identity?: string;
  readonly batchRecords?: number;
  /** What it has in hand at the end is not written. */
  readonly endsBadly?: boolean;
};

/** Time that passes only while a state loads and applies, 1 ms for each record, and while all wait. */
class WorkClock extends VirtualClock {
  /** Longest work between two turns of the event loop. */
  longestMs = 0;
  works = 0;
  #workMs = 0;
  #turnedAtMs = 0;

  work(): void {
    this.#workMs += 1;
    this.works += 1;
    this.longestMs = Math.max(this.longestMs, this.#workMs - this.#turnedAtMs);
  }

  override now(): number {
    return super.now() + this.#workMs;
  }

  override turn(): Promise<void> {
    this.#turnedAtMs = this.#workMs;
    return super.turn();
  }
}

class World {
  readonly broker = new MemoryBroker();
  readonly clock = new WorkClock();
  readonly restored: Restored[] = [];
  readonly restoring: Restoring[] = [];
  failure: string | null = null;
  produced = 0;

  constructor() {
    for (const topic of Object.values(COUNTING_TOPICS)) this.broker.createTopic(topic, 1);
  }

  produce(count: number, keys = 3): void {
    for (let index = 0; index < count; index++)
      this.broker.produce({ ...INPUT, key: Buffer.from(`k${this.produced++ % keys}`), value: Buffer.from("pay") });
  }

  /** Runs a detector until everything produced has an output or it has failed, then stops it. */
  async run(options: Options = {}): Promise<void> {
    const events: StageEvents = {
      ...noEvents,
      restoring: (event) => this.restoring.push(event),
      restored: (event) => this.restored.push(event),
      failed: ({ error }) => {
        this.failure = String(error);
      },
    };
    const stage = { ...countingStage(), feeds: options.feeds ?? [] };
    let ending = false;
    const interfere = (point: string): Promise<void> | undefined =>
      ending && point.includes("begin") ? Promise.reject(new Error("no transaction")) : undefined;
    const running = runStage({
      stage: { ...stage, identity: options.identity ?? stage.identity, createState: () => this.#working(stage) },
      log: new MemoryLog(this.broker, { batchRecords: options.batchRecords ?? 4, interfere }),
      clock: this.clock,
      events,
      group: GROUP,
      processId: `process-${Math.random()}`,
      allowPartialHistory: options.allowPartialHistory ?? false,
    });
    await this.clock.runUntil(
      "all to be decided",
      () => this.failure !== null || this.outputs().length >= this.produced,
    );
    ending = options.endsBadly ?? false;
    let stopped = false;
    void running
      .then((one: RunningStage) => one.stop())
      .then(() => {
        stopped = true;
      });
    await this.clock.runUntil("the stop", () => stopped);
  }

  #working(stage: ReturnType<typeof countingStage>): ReturnType<typeof stage.createState> {
    const state = stage.createState();
    const [load, apply] = [state.load.bind(state), state.apply.bind(state)];
    state.load = (key, value) => {
      this.clock.work();
      load(key, value);
    };
    state.apply = (key, offset) => {
      this.clock.work();
      apply(key, offset);
    };
    return state;
  }

  outputs(): Counted[] {
    const partition = this.broker.partition({ topic: COUNTING_TOPICS.output, partition: 0 });
    return partition
      .slice(0, partition.end, Number.POSITIVE_INFINITY)
      .records.map((record) => JSON.parse(`${record.value}`));
  }

  /** As the last marker has it: an offset, see CountingState. */
  historySince(): number {
    const { records } = this.broker.partition(STATE).slice(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    const last = records.findLast(({ key }) => key !== null && isMarkerKey(key));
    return decodeMarker(last?.value as Buffer).historySinceMs;
  }

  /** The count that each key's last output shows. */
  lastCounts(): Record<string, number> {
    return Object.fromEntries(this.outputs().map(({ key, count }) => [key, count]));
  }
}

async function worldWithHistory(options: Options = {}): Promise<World> {
  const world = new World();
  world.produce(12);
  await world.run(options);
  expect(world.lastCounts()).toEqual({ k0: 4, k1: 4, k2: 4 });
  return world;
}

describe("restoring a partition", () => {
  test("goes on from the snapshot alone, which whoever stopped in good order has completed", async () => {
    const world = await worldWithHistory();
    world.broker.partition(STATE).compact();
    world.produce(3);
    await world.run();
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
    expect(world.restored.at(-1)).toMatchObject({ rebuilt: null, position: 12 });
    expect(world.restored.at(-1)?.replayed).toBe(0);
  });

  test("goes on from the snapshot and a short replay after a bad end", async () => {
    const world = await worldWithHistory({ endsBadly: true });
    world.broker.partition(STATE).compact();
    world.produce(3);
    await world.run();
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
    expect(world.restored.at(-1)).toMatchObject({ rebuilt: null, position: 12 });
    expect(world.restored.at(-1)?.replayed).toBeGreaterThan(0);
    expect(world.restored.at(-1)?.replayed).toBeLessThan(12);
  });

  test("gives the event loop a turn every 50 ms at least, and says how far it is", async () => {
    const world = new World();
    world.produce(20_000, 4_000);
    await world.run();
    for (const [identity, what] of [
      ["counting@1", "snapshot"],
      ["counting@2", "replay"],
    ] as const) {
      world.produce(1);
      world.restoring.length = 0;
      world.clock.longestMs = 0;
      await world.run({ identity, batchRecords: 10_000 });
      expect(world.clock.longestMs).toBeLessThan(50);
      const said = world.restoring.filter((event) => event.what === what);
      expect(said.length).toBeGreaterThan(0);
      for (const { done, of } of said) expect(done / of).toBeGreaterThan(0);
      expect(said.map(({ done }) => done)).toEqual(said.map(({ done }) => done).toSorted((a, b) => a - b));
    }
  });

  test("goes on from the snapshot when the committed offset is gone", async () => {
    const world = await worldWithHistory();
    world.broker.overwriteCommitted(GROUP, INPUT, null);
    world.produce(3);
    await world.run();
    expect(world.failure).toBeNull();
    expect(world.outputs()).toHaveLength(15);
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
  });

  test("refuses when the input was deleted and made anew", async () => {
    const world = await worldWithHistory();
    world.broker.deleteTopic(INPUT.topic);
    world.broker.createTopic(INPUT.topic, 1);
    world.broker.overwriteCommitted(GROUP, INPUT, null);
    world.produce(3);
    await world.run();
    expect(world.failure).toContain("in was deleted and made anew since");
    expect(world.outputs()).toHaveLength(12);
  });

  test("loads a chunk as its last record has it, and no earlier one, however often it was written", async () => {
    const world = new World();
    world.produce(3_000);
    await world.run({ batchRecords: 30 });
    const written = world.broker.partition(STATE).end;
    world.clock.works = 0;
    world.produce(3);
    await world.run();
    expect(world.restored.at(-1)?.rebuilt).toBeNull();
    expect(world.restored.at(-1)?.snapshotRecords).toBeGreaterThan(written / 3);
    expect(world.clock.works).toBeLessThan(50);
    expect(world.lastCounts()).toEqual({ k0: 1001, k1: 1001, k2: 1001 });
  });

  test("refuses when the committed offset was set by hand", async () => {
    const world = await worldWithHistory();
    world.broker.overwriteCommitted(GROUP, INPUT, { offset: 5, tag: "by hand" });
    world.produce(3);
    await world.run();
    expect(world.failure).toContain("committed offset 5 for in/0, but in.state stands at 12");
    expect(world.outputs()).toHaveLength(12);
  });

  test("refuses when input was deleted before it was decided", async () => {
    const world = await worldWithHistory();
    world.produce(6);
    world.broker.partition(INPUT).truncate(15);
    await world.run();
    expect(world.failure).toContain("3 records were deleted before they were decided");
  });

  test("rebuilds from the log when a record of the snapshot is corrupt, and says so", async () => {
    const world = await worldWithHistory();
    world.broker.produce({ ...STATE, key: MARKER_KEY, value: Buffer.from("00000000{}") });
    world.produce(3);
    await world.run();
    expect(world.restored.at(-1)?.rebuilt).toContain("corrupt at in.state/0/");
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
  });

  test("rebuilds from the log, once, when the front of the snapshot was deleted, and says so", async () => {
    const world = await worldWithHistory();
    world.broker.partition(STATE).compact();
    const entries = world.broker.partition(STATE).entries.filter(({ control }) => !control);
    world.broker.partition(STATE).truncate((entries[0]?.record.offset ?? 0) + 1);
    world.produce(3);
    await world.run();
    expect(world.restored.at(-1)?.rebuilt).toMatch(/snapshot were deleted: in\.state begins at \d+, not at 0/);
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
    world.produce(3);
    await world.run();
    expect(world.restored.at(-1)?.rebuilt).toBeNull();
    expect(world.lastCounts()).toEqual({ k0: 6, k1: 6, k2: 6 });
  });

  test("rebuilds from the log when the snapshot is of another identity", async () => {
    const world = await worldWithHistory();
    world.produce(3);
    await world.run({ identity: "counting@2" });
    expect(world.restored.at(-1)?.rebuilt).toContain("the snapshot is of counting@1");
    expect(world.lastCounts()).toEqual({ k0: 5, k1: 5, k2: 5 });
  });

  test("after a rebuild the chunks of before are deleted, and never loaded again", async () => {
    const world = await worldWithHistory();
    world.produce(3);
    await world.run({ identity: "counting@2" });
    world.produce(3);
    await world.run({ identity: "counting@1" });
    world.produce(30);
    await world.run({ identity: "counting@1" });
    expect(world.failure).toBeNull();
    expect(world.restored.at(-1)?.rebuilt).toBeNull();
    expect(world.lastCounts()).toEqual({ k0: 16, k1: 16, k2: 16 });
    world.broker.partition(STATE).compact();
    const kept = world.broker.partition(STATE).entries.filter(({ record }) => record.value !== null);
    const epochs = kept.flatMap(({ record: { key } }) => (key?.[0] === 1 ? [key.readUInt32BE(1)] : []));
    expect(new Set(epochs)).toEqual(new Set([2]));
  });

  test("refuses to rebuild from a log that no longer begins at its beginning, unless told to", async () => {
    const world = await worldWithHistory();
    world.broker.partition(INPUT).truncate(6);
    world.produce(3);
    await world.run({ identity: "counting@2" });
    expect(world.failure).toContain("ALLOW_PARTIAL_HISTORY=true");
    expect(world.outputs()).toHaveLength(12);
    world.failure = null;
    await world.run({ identity: "counting@2", allowPartialHistory: true });
    expect(world.failure).toBeNull();
    expect(world.lastCounts()).toEqual({ k0: 3, k1: 3, k2: 3 });
  });

  test("of which a part is not there any more tells the state so, at every later restore too", async () => {
    const world = await worldWithHistory();
    expect(world.historySince()).toBe(0);
    world.broker.partition(INPUT).truncate(6);
    world.produce(3);
    await world.run({ identity: "counting@2", allowPartialHistory: true });
    expect(world.historySince()).toBe(6);
    world.produce(3);
    await world.run({ identity: "counting@2" });
    expect(world.restored.at(-1)?.rebuilt).toBeNull();
    expect(world.historySince()).toBe(6);
  });

  test("whose beginning was gone before anybody decided tells the state so", async () => {
    const world = new World();
    world.produce(6);
    world.broker.partition(INPUT).truncate(2);
    world.produced = 4;
    await world.run();
    expect(world.historySince()).toBe(2);
  });

  test("that has not always written to a log which others keep a state of tells the state so: from the first record on that goes there", async () => {
    const feeds = [COUNTING_TOPICS.output];
    const world = await worldWithHistory({ endsBadly: true });
    world.produce(3);
    await world.run({ feeds });
    expect(world.restored.at(-1)?.replayed).toBeGreaterThan(0);
    const first = Number(world.outputs()[12]?.origin.split("/")[1]);
    expect(world.historySince()).toBe(first);

    const always = new World();
    for (const run of [0, 1, 2]) {
      always.produce(3);
      await always.run({ feeds });
      expect(always.historySince(), `run ${run}`).toBe(0);
    }
    always.produce(3);
    await always.run();
    expect(always.historySince()).toBe(0);
    always.produce(3);
    await always.run({ feeds });
    expect(always.historySince()).toBe(Number(always.outputs()[12]?.origin.split("/")[1]));
  });

  test("stops when the input has grown, since keys have moved", async () => {
    const world = await worldWithHistory();
    const log = new MemoryLog(world.broker);
    world.broker.createTopic("grown.state", 2);
    await expect(
      runStage({
        stage: { ...countingStage(), stateTopic: "grown.state" },
        log,
        clock: world.clock,
        events: noEvents,
        group: GROUP,
        processId: "p",
      }),
    ).rejects.toThrow("in has 1 partitions, its state topic grown.state has 2");
  });
});
