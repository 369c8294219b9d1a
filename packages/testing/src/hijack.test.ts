/** A stranger that opens a transactional id of ours, which any client of the cluster that may write can do. */
import { MemoryBroker, MemoryLog, noEvents, runStage, VirtualClock } from "@weir/stream";
import { expect, test } from "vitest";
import { COUNTING_TOPICS, type Counted, countingStage } from "./counting-stage.ts";

const GROUP = "weir-entry";
const INPUTS = 60;

test.each([
  ["the process's own", `${GROUP}-process`],
  ["the lock of a partition", `${GROUP}-${COUNTING_TOPICS.input}-0`],
])("who is fenced by a stranger on %s begins again, and every input has one right output", async (_, id) => {
  const [broker, clock] = [new MemoryBroker(), new VirtualClock()];
  for (const topic of Object.values(COUNTING_TOPICS)) broker.createTopic(topic, 1);
  const settled: string[] = [];
  const running = runStage({
    stage: countingStage(),
    log: new MemoryLog(broker, { batchRecords: 3 }),
    clock,
    events: { ...noEvents, settled: ({ how }) => void settled.push(how) },
    group: GROUP,
    processId: "process",
  });
  const counted = (): Counted[] => {
    const log = broker.partition({ topic: COUNTING_TOPICS.output, partition: 0 });
    return log.slice(0, log.end, Number.POSITIVE_INFINITY).records.map(({ value }) => JSON.parse(String(value)));
  };
  const stranger = new MemoryLog(broker);
  for (let sent = 0; sent < INPUTS; sent += 1) {
    const key = Buffer.from(`k${sent % 3}`);
    broker.produce({ topic: COUNTING_TOPICS.input, partition: 0, key, value: Buffer.from("pay") });
    if (sent % 10 === 9) {
      await stranger.openWriter(id, GROUP);
      await clock.runUntil("what was sent", () => counted().length > sent - 5);
    }
  }
  await clock.runUntil("every output", () => counted().length >= INPUTS);
  expect(counted()).toEqual(
    Array.from({ length: INPUTS }, (_, at) => ({
      key: `k${at % 3}`,
      origin: `0/${at}`,
      count: Math.floor(at / 3) + 1,
    })),
  );
  // Nobody commits through a lock once the partition is taken, so only the process notices.
  if (id.endsWith("-process")) expect(settled.length).toBeGreaterThan(1);
  let stopped = false;
  void running.then(async (stage) => {
    await stage.stop();
    stopped = true;
  });
  await clock.runUntil("the stop", () => stopped);
});
