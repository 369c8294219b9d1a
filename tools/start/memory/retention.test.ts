import { encodeMarker, MARKER_KEY, MemoryBroker } from "@weir/stream";
import { expect, test } from "vitest";
import { Retention } from "./retention.ts";

const AT = { partition: 0, key: null } as const;

function aWorld() {
  const broker = new MemoryBroker();
  for (const topic of ["in", "out", "state"]) broker.createTopic(topic, 1);
  for (let i = 0; i < 10; i++) {
    broker.produce({ ...AT, topic: "in", value: Buffer.from("i") });
    broker.produce({ ...AT, topic: "out", value: Buffer.from("o") });
  }
  return { broker, retention: new Retention(broker, [{ topic: "in", stateTopic: "state" }], ["in"]) };
}

function markerFrom(offset: number) {
  const replayFrom = { offset, streamTimeMs: 0 };
  const value = encodeMarker({
    position: 10,
    replayFrom,
    identity: "i",
    tag: null,
    epoch: 0,
    snapshotFrom: null,
    historySinceMs: 0,
    feeds: null,
  });
  return { offset: 0, key: MARKER_KEY, value, headers: [], timestampMs: 0 };
}

const startOf = (broker: MemoryBroker, topic: string): number => broker.partition({ topic, partition: 0 }).start;

test("an output goes once it was read", () => {
  const { broker, retention } = aWorld();
  retention.read("out", 0, 7);
  expect(startOf(broker, "out")).toBe(7);
});

test("an input stays until it was read and no restore would begin with it", () => {
  const { broker, retention } = aWorld();
  retention.read("in", 0, 8);
  expect(startOf(broker, "in")).toBe(0);
  retention.written("state", 0, [markerFrom(5)]);
  expect(startOf(broker, "in")).toBe(5);
  retention.written("state", 0, [markerFrom(10)]);
  expect(startOf(broker, "in")).toBe(8);
});

test("a state topic of a bounded number of keys stays bounded, however much is written to it", () => {
  const { broker, retention } = aWorld();
  const state = broker.partition({ topic: "state", partition: 0 });
  let most = 0;
  for (let i = 0; i < 100_000; i++) {
    broker.produce({
      ...AT,
      topic: "state",
      key: Buffer.from(`k${i % 500}`),
      value: i % 7 === 0 ? null : Buffer.from("v"),
    });
    if (i % 10 === 0) retention.written("state", 0, [markerFrom(i)]);
    most = Math.max(most, state.entries.length);
  }
  expect(most).toBeLessThan(5_000);
  expect(state.slice(0, state.end, 1_000_000).records.length).toBeGreaterThan(400);
});
