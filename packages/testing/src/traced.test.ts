/** Which records of a batch are told as traced, and that nothing else depends on it. */
import type { Header } from "@weir/schema";
import { type BatchCommitted, MemoryBroker, MemoryLog, noEvents, runStage, VirtualClock } from "@weir/stream";
import { expect, test } from "vitest";
import { COUNTING_TOPICS, countingStage, POISON } from "./counting-stage.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const traceparent = (text: string): Header => ["traceparent", Buffer.from(text)];
const SAMPLED = traceparent(`00-${TRACE}-${SPAN}-01`);
const context = { traceId: TRACE, spanId: SPAN, sampled: true };

const RECORDS: readonly (readonly [value: string, headers: readonly Header[]])[] = [
  ["a", []],
  ["b", [SAMPLED]],
  ["c", [traceparent(`00-${TRACE}-${SPAN}-00`)]],
  ["d", [traceparent("00-1"), ["other", null]]],
  [POISON, [["x", Buffer.from("y")], SAMPLED]],
];

async function world() {
  const broker = new MemoryBroker();
  for (const topic of Object.values(COUNTING_TOPICS)) broker.createTopic(topic, 1);
  const key = Buffer.from("ann");
  for (const [number, [value, headers]] of RECORDS.entries()) {
    const record = { topic: COUNTING_TOPICS.input, partition: 0, key, value: Buffer.from(value), headers };
    broker.produce({ ...record, timestampMs: 1_000 + number });
  }
  const clock = new VirtualClock();
  const output = () => {
    const [partition] = broker.partitions(COUNTING_TOPICS.output);
    return partition?.slice(0, partition.end, 1_000).records ?? [];
  };
  const run = async (processId: string, tracing: boolean | undefined) => {
    const committed: BatchCommitted[] = [];
    const running = await runStage({
      stage: countingStage(),
      log: new MemoryLog(broker),
      clock,
      events: { ...noEvents, batchCommitted: (event) => void committed.push(event) },
      group: "weir-entry",
      processId,
      ...(tracing === undefined ? {} : { tracing }),
    });
    return { running, committed, traced: () => committed.flatMap(({ traced }) => traced) };
  };
  return { broker, clock, output, run, key };
}

test("the sampled ones are told with what became of them, and when they were committed", async () => {
  const { clock, output, run } = await world();
  const { committed, traced } = await run("one", true);
  await clock.runUntil("all outputs", () => output().length === RECORDS.length && committed.length > 0);
  expect(traced()).toEqual([
    { offset: 1, timestampMs: 1_001, label: "counted", context },
    { offset: 4, timestampMs: 1_004, label: "rejected:internal", context },
  ]);
  for (const { ms, computeMs } of committed) expect(ms).toBeGreaterThanOrEqual(computeMs);
});

test("without tracing none is told, and the outputs are the same bytes", async () => {
  const [plain, traced] = [await world(), await world()];
  const off = await plain.run("one", undefined);
  await traced.run("one", true);
  for (const { clock, output } of [plain, traced])
    await clock.runUntil("all outputs", () => output().length === RECORDS.length);
  expect(off.traced()).toEqual([]);
  expect(plain.output()).toEqual(traced.output());
});

test("what is replayed to restore a state is not told again", async () => {
  const { broker, clock, output, run, key } = await world();
  const first = await run("one", true);
  await clock.runUntil("all outputs", () => output().length === RECORDS.length);
  const stopped = first.running.stop();
  await clock.runUntil("the stop", () => true);
  await stopped;
  const second = await run("two", true);
  const more = { topic: COUNTING_TOPICS.input, partition: 0, key, value: Buffer.from("e"), headers: [SAMPLED] };
  broker.produce({ ...more, timestampMs: 2_000 });
  await clock.runUntil("the new output", () => second.traced().length > 0);
  expect(second.traced().map(({ offset }) => offset)).toEqual([5]);
});
