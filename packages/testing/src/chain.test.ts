/** Stages that write for each other: how they wait for one another, and how they end. */
import { partitionFor } from "@weir/schema";
import {
  type Interfere,
  lagOf,
  MemoryBroker,
  MemoryLog,
  noEvents,
  type RunningChain,
  runChain,
  type Stage,
  Unrecoverable,
  VirtualClock,
  waitingOf,
} from "@weir/stream";
import { describe, expect, test } from "vitest";
import { COUNTING_TOPICS, countingStage } from "./counting-stage.ts";
import { countingChain } from "./sim/counting-chain.ts";

const PARTITIONS = 2;
const LABEL = Buffer.from("label");
const MAX_LAG = 40;
const BATCH = 10;
const [FIRST, SECOND] = countingChain.stages() as [Stage, Stage];
/** Writes into the log between the two, as labels come among transactions. */
const PRECEDED: Stage = {
  ...countingStage({ name: "preceded", input: "labels", output: SECOND.input, stateTopic: "labels.state" }),
  precededBy: FIRST.input,
};
const groupOf = ({ name }: Stage): string => `weir-${name}`;

class World {
  readonly broker = new MemoryBroker();
  readonly clock = new VirtualClock();
  readonly log: MemoryLog;
  interfere: Interfere = () => undefined;
  held: number[] = [];
  /** How many outputs there were whenever a partition was released. */
  released: number[] = [];
  #processes = 0;

  /** `more`: see MemoryLogOptions. */
  constructor({ more = 0 } = {}) {
    this.log = new MemoryLog(this.broker, { batchRecords: BATCH, more, interfere: (point) => this.interfere(point) });
    this.broker.createTopic(COUNTING_TOPICS.output, PARTITIONS);
    for (const { input, stateTopic } of [FIRST, SECOND, PRECEDED])
      for (const topic of [input, stateTopic]) this.broker.createTopic(topic, PARTITIONS);
  }

  produce(count: number): void {
    for (let index = 0; index < count; index++) {
      const key = Buffer.from(`key-${index % 7}`);
      const partition = partitionFor(key, PARTITIONS);
      this.broker.produce({ topic: FIRST.input, partition, key, value: Buffer.from("pay") });
    }
  }

  label(): void {
    this.broker.produce({ topic: PRECEDED.input, partition: 0, key: LABEL, value: Buffer.from("label") });
  }

  start(only?: readonly string[], stages = countingChain.stages()): Promise<RunningChain> {
    const links = stages.map((stage) => ({
      stage,
      group: groupOf(stage),
      events: {
        ...noEvents,
        held: ({ lag }: { lag: number }) => void this.held.push(lag),
        released: () => void this.released.push(this.count(COUNTING_TOPICS.output)),
      },
    }));
    const { log, clock } = this;
    const processId = `process-${this.#processes++}`;
    return runChain({
      links,
      ...(only && { only }),
      log,
      clock,
      processId,
      maxStageLag: MAX_LAG,
      finishWithinMs: 5_000,
      minThrown: 0,
    });
  }

  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    await this.clock.runUntil(what, () => done);
    return promise;
  }

  records(topic: string) {
    return this.broker.partitions(topic).flatMap((log) => log.slice(0, log.end, Number.POSITIVE_INFINITY).records);
  }

  count(topic: string): number {
    return this.records(topic).length;
  }

  lag(stage: Stage): Promise<number> {
    return lagOf(this.log, groupOf(stage), stage.input, PARTITIONS);
  }
}

test("a stage reads no further than the bound while nobody decides what it writes, and goes on once somebody does", async () => {
  const world = new World();
  world.produce(500);
  const first = await world.settled("the first stage", world.start([FIRST.name]));
  await world.clock.runUntil("the stage to be held", () => world.held.length > 0);
  const endMs = world.clock.now() + 10_000;
  await world.clock.runUntil("some time to pass", () => world.clock.now() >= endMs);
  // A quarter of it may be read between two looks, and a batch of each partition; the marks of transactions count too.
  const atMost = MAX_LAG + MAX_LAG / 4 + 2 * PARTITIONS * BATCH;
  const lag = await world.lag(SECOND);
  expect(lag).toBeGreaterThan(MAX_LAG);
  expect(lag).toBeLessThan(atMost + PARTITIONS * 10);
  expect(world.count(SECOND.input)).toBeLessThan(atMost);

  const second = await world.settled("the second stage", world.start([SECOND.name]));
  await world.clock.runUntil("every output", () => world.count(COUNTING_TOPICS.output) === 500);
  for (const chain of [first, second]) await world.settled("the stop", chain.stop());
});

describe("a stage that another one precedes", () => {
  const stages = (): Stage[] => [...countingChain.stages(), PRECEDED];

  test("decides nothing until the other is through with what there was, and does not wait for what comes since", async () => {
    const world = new World();
    world.label();
    world.produce(30);
    const labels = await world.settled("the labels", world.start([PRECEDED.name], stages()));
    await world.clock.runUntil("the stage to be held", () => world.held.length > 0);
    const endMs = world.clock.now() + 60_000;
    await world.clock.runUntil("some time to pass", () => world.clock.now() >= endMs);
    expect(world.count(SECOND.input)).toBe(0);

    // Whatever is decided, more is there.
    world.interfere = (point) => void (point === "commit:after" && world.produce(10));
    const rest = await world.settled("the others", world.start([FIRST.name, SECOND.name], stages()));
    await world.clock.runUntil("the label", () => world.records(SECOND.input).some(({ key }) => key?.equals(LABEL)));
    world.interfere = () => undefined;
    for (const chain of [labels, rest]) await world.settled("the stop", chain.stop());
  });

  test("waits again for what came while it waited", async () => {
    const world = new World({ more: 10 });
    world.produce(1);
    world.label();
    const labels = await world.settled("the labels", world.start([PRECEDED.name], stages()));
    await world.clock.runUntil("the stage to be held", () => world.held.length > 0);
    const first = await world.settled("the other", world.start([FIRST.name], stages()));
    await world.clock.runUntil("the first to be through", () => world.count(SECOND.input) === 1);
    await world.settled("the stop", first.stop());
    world.produce(1);
    world.label();
    world.held.length = 0;
    await world.clock.runUntil("the stage to be held again", () => world.held.length > 0);
    expect(world.records(SECOND.input).filter(({ key }) => key?.equals(LABEL))).toHaveLength(1);
    await world.settled("the stop", labels.stop());
  });

  test("is not held up by what aborted transactions left in the other's input, nor is its stop", async () => {
    const world = new World();
    const output = {
      topic: FIRST.input,
      partition: 0,
      key: null,
      value: Buffer.from("x"),
      headers: [],
      timestampMs: 0,
    };
    await world.log.openWriter("dies", "any");
    const input = { topic: "elsewhere", partition: 0 };
    world.broker.add(world.broker.begin("dies", 1), "any", { input, next: 0, tag: "t", outputs: [output] });
    await world.log.openWriter("dies", "any");
    world.label();
    const labels = await world.settled("the labels", world.start([PRECEDED.name], stages()));
    await world.clock.runUntil("the label", () => world.count(SECOND.input) === 1);

    world.produce(1);
    world.label();
    world.held.length = 0;
    await world.clock.runUntil("the stage to be held", () => world.held.length > 0);
    await world.settled("the stop", labels.stop());
    expect(world.count(SECOND.input)).toBe(1);
  });
});

test("what aborted transactions left between two stages holds nobody up", async () => {
  const world = new World();
  const { broker, log, clock } = world;
  const output = { topic: SECOND.input, partition: 0, key: null, value: Buffer.from("x"), headers: [], timestampMs: 0 };
  const input = { topic: FIRST.input, partition: 0 };
  const outputs = Array.from({ length: 2 * MAX_LAG }, () => output);
  await log.openWriter("dies", "any");
  broker.add(broker.begin("dies", 1), "any", { input, next: 0, tag: "t", outputs });
  await log.openWriter("dies", "any");
  world.produce(30);
  const chain = await world.settled("the chain", world.start());
  await clock.runUntil("every output", () => world.count(COUNTING_TOPICS.output) === 30);
  await world.settled("the stop", chain.stop());
});

test("a look at a state sees it between two batches, what is applied and what is committed, and else says why not", async () => {
  const world = new World();
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  world.interfere = (point) => (point === "openWriter:before" ? promise : undefined);
  const chain = await world.settled("the chain", world.start());
  const look = (partition: number, stage = FIRST.name) =>
    chain.peek(stage, partition, ({ state, applied, committed }) => ({ keys: state.keys, applied, committed }));
  expect(look(0, "another")).toEqual({ kind: "elsewhere" });
  expect(look(PARTITIONS)).toEqual({ kind: "elsewhere" });
  await world.clock.runUntil("the partition", () => look(0).kind !== "elsewhere");
  expect(look(0)).toMatchObject({ kind: "not ready", status: { partition: 0 } });
  answer();
  await world.clock.runUntil("the state", () => look(0).kind === "seen");
  expect(look(0)).toEqual({ kind: "seen", seen: { keys: 0, applied: 0, committed: 0 } });

  world.produce(100);
  let isAhead = false;
  let before = { applied: 0, committed: 0 };
  const isBehind = (): boolean => {
    const peek = look(0);
    if (peek.kind !== "seen") return false;
    const { applied, committed } = peek.seen;
    expect(committed).toBeLessThanOrEqual(applied);
    expect(applied).toBeGreaterThanOrEqual(before.applied);
    expect(committed).toBeGreaterThanOrEqual(before.committed);
    isAhead ||= committed < applied;
    before = { applied, committed };
    return committed < world.broker.partition({ topic: FIRST.input, partition: 0 }).end;
  };
  // What is seen while a commit is under way.
  world.interfere = () => void isBehind();
  await world.clock.runUntil("all to be committed", () => !isBehind());
  expect(isAhead).toBe(true);
  expect(look(0)).toMatchObject({ seen: { keys: expect.any(Number) } });
  await world.settled("the stop", chain.stop());
});

test("a chain that is stopped leaves nothing between its stages", async () => {
  const world = new World();
  const chain = await world.settled("the chain", world.start());
  world.produce(300);
  await world.clock.runUntil("a part to be decided", () => world.count(SECOND.input) > 30);
  await world.settled("the stop", chain.stop());
  expect(world.count(SECOND.input)).toBeLessThan(300);
  expect(world.count(COUNTING_TOPICS.output)).toBe(world.count(SECOND.input));
  expect(await waitingOf(world.log, groupOf(SECOND), SECOND.input, PARTITIONS)).toBe(0);
});

test("a chain that is stopped while others go on leaves them what waits, at once", async () => {
  const world = new World();
  const stopped = await world.settled("one", world.start());
  const other = await world.settled("another", world.start());
  const own = (chain: RunningChain) =>
    chain.status().flatMap(({ stage, partitions }) => (stage === SECOND.name ? (partitions ?? []) : []));
  const areShared = () =>
    [stopped, other].every((chain) => own(chain).length === 1 && own(chain)[0]?.phase === "running");
  await world.clock.runUntil("a partition for each", areShared);
  for (let index = 0; index < 3_000; index++) {
    const key = Buffer.from(`key-${index % 7}`);
    const partition = partitionFor(key, PARTITIONS);
    world.broker.produce({ topic: SECOND.input, partition, key, value: Buffer.from("pay") });
  }
  world.released.length = 0;
  let stop: Promise<void> | undefined;
  world.interfere = () => {
    if (world.count(COUNTING_TOPICS.output) > 100) stop ??= stopped.stop();
  };
  await world.clock.runUntil("a part to be decided", () => stop !== undefined);
  await world.settled("the stop", stop ?? Promise.reject(new Error("it was not told to stop")));
  expect(world.released).toHaveLength(2);
  for (const outputs of world.released) expect(outputs).toBeLessThan(1_000);
  await world.clock.runUntil("every output", () => world.count(COUNTING_TOPICS.output) === 3_000);
  await world.settled("the other's stop", other.stop());
});

test("one stage that fails fails the chain, which then stops without waiting for it", async () => {
  const world = new World();
  const broken: Stage = {
    ...SECOND,
    step: () => {
      throw new Error("broken");
    },
  };
  const chain = await world.settled("the chain", world.start(undefined, [FIRST, broken]));
  const failed = expect(chain.failed).rejects.toThrow(Unrecoverable);
  world.produce(50);
  await world.settled("the failure", failed);
  const beforeMs = world.clock.now();
  await world.settled("the stop", chain.stop());
  expect(world.clock.now() - beforeMs).toBeLessThan(1_000);
});

test("what waits is 0 where the log ends in marks of transactions alone", async () => {
  const world = new World();
  const { broker, log } = world;
  const input = { topic: FIRST.input, partition: 0 };
  const part = { input, next: 0, tag: "t", outputs: [] };
  const output = { ...input, key: null, value: Buffer.from("x"), headers: [], timestampMs: 0 };
  const aborted = await log.openWriter("dies", "any");
  const { value } = output;
  const transaction = broker.begin("dies", 1);
  broker.add(transaction, "any", { ...part, outputs: [output] });
  await log.openWriter("dies", "any");
  await aborted.close();
  expect(await lagOf(log, groupOf(FIRST), FIRST.input, PARTITIONS)).toBe(2);
  expect(await waitingOf(log, groupOf(FIRST), FIRST.input, PARTITIONS)).toBe(0);
  broker.produce({ ...input, key: null, value });
  expect(await waitingOf(log, groupOf(FIRST), FIRST.input, PARTITIONS)).toBe(3);
});
