import { MemoryBroker, MemoryLog } from "@weir/stream";
import { describe, expect, test } from "vitest";
import { Lane, readRound } from "./lane.ts";

const never = new AbortController().signal;

function prepare(partitions: number) {
  const broker = new MemoryBroker();
  broker.createTopic("t", partitions);
  const log = new MemoryLog(broker, { interfere: () => undefined });
  const taken: number[] = [];
  const lanes = Array.from(
    { length: partitions },
    (_, partition) =>
      new Lane(log, { topic: "t", partition }, ({ value }) => {
        const timeMs = Number(value);
        return Number.isNaN(timeMs) ? null : { timeMs, take: () => void taken.push(timeMs) };
      }),
  );
  const produce = (partition: number, ...times: readonly (number | string)[]) => {
    for (const time of times)
      broker.produce({ topic: "t", partition, key: null, value: Buffer.from(String(time)), timestampMs: 0 });
  };
  return { broker, log, lanes, taken, produce };
}

describe("a round", () => {
  test("takes what all partitions have in the order of event time, and an empty one holds up nobody", async () => {
    const { lanes, taken, produce } = prepare(3);
    produce(0, 1, 4, 5, 9);
    produce(2, 2, 3, 8);
    await readRound(lanes, never);
    expect(taken).toEqual([1, 2, 3, 4, 5, 8, 9]);
  });

  test("goes on where the one before it ended, with each record once", async () => {
    const { lanes, taken, produce } = prepare(2);
    produce(0, 1, "none", 3);
    await readRound(lanes, never);
    produce(1, 2);
    produce(0, 4);
    await readRound(lanes, never);
    await readRound(lanes, never);
    expect(taken).toEqual([1, 3, 2, 4]);
  });

  test("that is stopped loses nothing of what it has read", async () => {
    const { lanes, taken, produce } = prepare(2);
    produce(0, 1, 3);
    produce(1, 2);
    await readRound(lanes, AbortSignal.abort());
    expect(taken).toEqual([]);
    await readRound(lanes, never);
    expect(taken).toEqual([1, 2, 3]);
  });

  test("says how many offsets the topic did not keep", async () => {
    const { broker, lanes, taken, produce } = prepare(1);
    produce(0, 1);
    await readRound(lanes, never);
    produce(0, 2, 3, 4);
    broker.partition({ topic: "t", partition: 0 }).truncate(3);
    expect(await readRound(lanes, never)).toBe(2);
    expect(taken).toEqual([1, 4]);
  });

  test("of a topic that was made anew is refused: what it held before is in the figures", async () => {
    const { log, lanes, produce } = prepare(1);
    produce(0, 1, 2);
    await readRound(lanes, never);
    log.bounds = async () => ({ start: 0, end: 1 });
    await expect(readRound(lanes, never)).rejects.toThrow("t/0 ends at 1 and was read up to 2: it was made anew");
  });
});
