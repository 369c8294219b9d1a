import fc from "fast-check";
import { expect, test } from "vitest";
import { murmur2, partitionFor } from "./murmur2.ts";

test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("the hash of %s is the one of Kafka's own tests", (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test("a string goes where its UTF-8 bytes go, short or long", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 1000 }),
      (text, times, n) => {
        const key = text.repeat(times);
        const partition = partitionFor(key, n);
        expect(partition).toBe(partitionFor(Buffer.from(key), n));
        expect(partition).toBe((murmur2(Buffer.from(key)) & 0x7fffffff) % n);
      },
    ),
  );
});

test("a negative hash still gives a partition of the topic", () => {
  expect(partitionFor("21", 12)).toBe((-973932308 & 0x7fffffff) % 12);
});

test.each([0, -1, 1.5, Number.NaN])("%d partitions are refused", (partitions) => {
  expect(() => partitionFor("a", partitions)).toThrow(`partitions must be an integer > 0, got ${partitions}`);
});
