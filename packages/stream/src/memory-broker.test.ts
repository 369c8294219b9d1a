import { expect, test } from "vitest";
import { MemoryBroker } from "./memory-broker.ts";

test("compaction keeps the last record of each key, and a tombstone until the next compaction", () => {
  const broker = new MemoryBroker();
  broker.createTopic("t", 1);
  const write = (key: string, value: string | null): void => {
    broker.produce({
      topic: "t",
      partition: 0,
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    });
  };
  const log = broker.partition({ topic: "t", partition: 0 });
  const kept = (): string[] => log.slice(0, log.end, 100).records.map(({ key, value }) => `${key}=${value}`);
  for (const value of ["1", "2"]) for (const key of ["a", "b", "c"]) write(key, value);
  write("b", null);
  log.compact();
  expect(kept()).toEqual(["a=2", "c=2", "b=null"]);
  write("c", null);
  log.compact();
  expect(kept()).toEqual(["a=2", "c=null"]);
  expect(log.end).toBe(8);
});
