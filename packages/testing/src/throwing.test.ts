/** A step that throws: what it leaves behind, and when there are too many of them. */
import { partitionFor } from "@weir/schema";
import { MemoryBroker, MemoryLog, noEvents, runStage, Unrecoverable, VirtualClock } from "@weir/stream";
import { expect, test } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage, POISON } from "./counting-stage.ts";

const GROUP = "weir-entry";

async function started(
  values: readonly string[],
  limits: { readonly minThrown: number; readonly maxThrowShare?: number },
) {
  const broker = new MemoryBroker();
  for (const topic of Object.values(COUNTING_TOPICS)) broker.createTopic(topic, 1);
  const key = Buffer.from("ann");
  for (const value of values)
    broker.produce({ topic: COUNTING_TOPICS.input, partition: partitionFor(key, 1), key, value: Buffer.from(value) });
  const clock = new VirtualClock();
  const failures: number[] = [];
  let stopped: unknown = null;
  const running = await runStage({
    stage: countingStage(),
    log: new MemoryLog(broker, { batchRecords: 10 }),
    clock,
    events: { ...noEvents, stepFailed: ({ offset }) => void failures.push(offset) },
    group: GROUP,
    processId: "one",
    ...limits,
  });
  running.failed.catch((error) => {
    stopped = error;
  });
  const outputs = (): Counted[] => {
    const [partition] = broker.partitions(COUNTING_TOPICS.output);
    return (partition?.slice(0, partition.end, 1_000).records ?? []).map(({ value }) => JSON.parse(String(value)));
  };
  const committed = () => broker.committed(GROUP, { topic: COUNTING_TOPICS.input, partition: 0 })?.offset ?? 0;
  return { clock, failures, outputs, committed, stopped: () => stopped };
}

test("a record whose step throws is rejected, told once, and leaves no trace in the state", async () => {
  const { clock, failures, outputs } = await started(["a", POISON, "b"], { minThrown: 1 });
  await clock.runUntil("all outputs", () => outputs().length === 3);
  expect(outputs().map(({ count }) => count)).toEqual([1, -1, 2]);
  expect(failures).toEqual([1]);
});

test("more throws than the bounds allow stop the stage, and the batch that passed them is not committed", async () => {
  const good = Array.from({ length: 10 }, () => "a");
  const bad = Array.from({ length: 10 }, () => POISON);
  const { clock, outputs, committed, stopped } = await started([...good, ...bad, ...good], { minThrown: 5 });
  await clock.runUntil("the stage to stop", () => stopped() !== null);
  expect(stopped()).toBeInstanceOf(Unrecoverable);
  expect(String(stopped())).toContain("the engine threw on 10 of 20 records within a minute");
  expect([outputs().filter(({ count }) => count === -1).length, committed() <= 10]).toEqual([0, true]);
});

test("as many throws as the least number allows, or a share below the bound, do not stop it", async () => {
  const values = Array.from({ length: 40 }, (_, index) => (index % 8 === 0 ? POISON : "a"));
  for (const limits of [{ minThrown: 5 }, { minThrown: 0, maxThrowShare: 0.2 }]) {
    const { clock, outputs, stopped } = await started(values, limits);
    await clock.runUntil("all outputs", () => outputs().length === 40 || stopped() !== null);
    expect(stopped()).toBeNull();
  }
});
