import type { OutputRecord } from "@weir/stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "./bytes.ts";
import { BATCH_MAX_BYTES, BATCH_MAX_RECORDS, PackedOutputs, planProduce } from "./packed-outputs.ts";

/** Told apart by their keys. */
const outputsOf = (name: string, sizes: readonly { readonly partition: number; readonly size: number }[]) =>
  sizes.map(
    ({ partition, size }, index): OutputRecord => ({
      topic: index % 2 === 0 ? "a" : "b",
      partition,
      key: Buffer.from(`${name}${index}`),
      value: size % 7 === 6 ? null : Buffer.alloc(size),
      headers: size % 5 === 4 ? [["h", Buffer.from(name)]] : [],
      timestampMs: 1_000 + index,
    }),
  );

/** Each in a line: equality of large buffers takes an expectation minutes. */
const told = (records: Iterable<Omit<OutputRecord, "topic" | "partition">>): string[] =>
  Array.from(records, ({ key, value, headers, timestampMs }) => {
    const content = value === null ? "null" : `${value.length} of ${crc32c(value, 0, value.length)}`;
    return `${key} ${timestampMs} ${content} ${headers.map(([name, text]) => `${name}=${text}`)}`;
  });

const output = fc.record({
  partition: fc.nat(2),
  size: fc.oneof(fc.nat(200), fc.constant(300_000), fc.constant(700_000)),
});
const list = fc
  .tuple(fc.array(output, { maxLength: 40 }), fc.nat(2500))
  .map(([large, small]) => [...large, ...Array.from({ length: small }, () => ({ partition: 0, size: 1 }))]);

describe("packed outputs", () => {
  test("are the records that were pushed, in their order", () => {
    fc.assert(
      fc.property(list, (sizes) => {
        const outputs = outputsOf("x", sizes);
        const packed = PackedOutputs.of(outputs);
        expect(packed.length).toBe(outputs.length);
        expect(told(packed)).toEqual(told(outputs));
        const at = ({ topic, partition }: OutputRecord): string => `${topic}/${partition}`;
        expect(Array.from(packed, at)).toEqual(outputs.map(at));
      }),
      { numRuns: 30 },
    );
  });

  test("without a timestamp are stamped when they are pushed, and stay so", () => {
    const before = Date.now();
    const packed = PackedOutputs.of([
      { topic: "a", partition: 0, key: null, value: null, headers: [], timestampMs: -1 },
    ]);
    const [first] = packed;
    expect(first?.timestampMs).toBeGreaterThanOrEqual(before);
    expect([...packed]).toEqual([first]);
  });

  test("go out so that no batch is too large and each partition keeps its order, those of several lists together", () => {
    fc.assert(
      fc.property(fc.array(list, { maxLength: 4 }), (lists) => {
        const outputs = lists.map((sizes, index) => outputsOf(`${index}/`, sizes));
        const packed = outputs.map((list) => PackedOutputs.of(list));
        const rounds = planProduce(packed);
        for (const round of rounds) {
          expect(new Set(round.map(({ topic, partition }) => `${topic}/${partition}`)).size).toBe(round.length);
          for (const { batch } of round) {
            expect(batch.count).toBeLessThanOrEqual(BATCH_MAX_RECORDS);
            expect(batch.count === 1 || batch.size <= BATCH_MAX_BYTES).toBe(true);
          }
        }
        const all = outputs.flat();
        for (const topic of ["a", "b"]) {
          for (const partition of [0, 1, 2]) {
            const isHere = (other: { topic: string; partition: number }) =>
              other.topic === topic && other.partition === partition;
            const planned = rounds.flatMap((round) =>
              round.filter(isHere).flatMap(({ batch }) => [...batch.records()]),
            );
            expect(told(planned)).toEqual(told(all.filter(isHere)));
          }
        }
        expect(packed.map(told)).toEqual(outputs.map(told));
      }),
      { numRuns: 30 },
    );
  });

  test("small ones of several lists take one round", () => {
    const few = (name: string) => PackedOutputs.of(outputsOf(name, [{ partition: 1, size: 10 }]));
    const rounds = planProduce([few("x"), few("y"), few("z")]);
    expect(rounds.map((round) => round.map(({ batch }) => batch.count))).toEqual([[3]]);
  });
});
