import type { NewRecord } from "@weir/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "./bytes.ts";
import { RecordCursor } from "./fetch-codec.ts";
import { BATCH_MAX_BYTES, BATCH_MAX_RECORDS, planProduce } from "./produce-request.ts";
import { advanceSequence, encodeRecordBatch, sizeBound } from "./record-batch.ts";

const IDENTITY = { producerId: 2 ** 40 + 7, producerEpoch: 12, firstSequence: 2 ** 31 - 1, transactional: true };

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const nullable = fc.option(bytes, { nil: null });
const newRecord: fc.Arbitrary<NewRecord> = fc.record({
  topic: fc.constant("t"),
  key: nullable,
  value: nullable,
  headers: fc.array(fc.tuple(fc.string({ unit: "grapheme", maxLength: 40 }), nullable), { maxLength: 4 }),
  timestampMs: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 2 ** 48 })),
});

describe("a record batch", () => {
  test("reads back as the records that were written", () => {
    fc.assert(
      fc.property(fc.array(newRecord, { minLength: 1, maxLength: 20 }), (records) => {
        const data = encodeRecordBatch(records, IDENTITY, 1234);
        const read: unknown[] = [];
        const cursor = new RecordCursor({ data, aborted: [] }, 0);
        cursor.take(100, read as never[]);
        expect(read).toEqual(
          records.map(({ key, value, headers, timestampMs }, offset) => ({
            offset,
            timestampMs: timestampMs < 0 ? 1234 : timestampMs,
            key,
            value,
            headers,
          })),
        );
        expect(data.length).toBeLessThanOrEqual(61 + records.reduce((sum, record) => sum + sizeBound(record), 0));
      }),
    );
  });

  test("says who wrote it, its sequence number, its greatest timestamp and that it is transactional", () => {
    const base = { topic: "t", key: null, value: null, headers: [] };
    const stamps = [500, 900, 100];
    const data = encodeRecordBatch(
      stamps.map((timestampMs) => ({ ...base, timestampMs })),
      IDENTITY,
      0,
    );
    expect(data.readInt16BE(21)).toBe(0x10);
    expect(data.readBigInt64BE(27)).toBe(500n);
    expect(data.readBigInt64BE(35)).toBe(900n);
    expect(data.readBigInt64BE(43)).toBe(BigInt(IDENTITY.producerId));
    expect([data.readInt16BE(51), data.readInt32BE(53), data.readInt32BE(57)]).toEqual([12, 2 ** 31 - 1, 3]);
  });

  test("has the checksum of the standard's test vectors", () => {
    expect(crc32c(Buffer.from("123456789"), 0, 9)).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(34, 0xff), 1, 33)).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0, 32)).toBe(0x46dd794e);
  });
});

test("sequence numbers go from 2^31 - 1 to 0", () => {
  expect(advanceSequence(2 ** 31 - 1, 1)).toBe(0);
  expect(advanceSequence(2 ** 31 - 3, 10)).toBe(7);
  expect(advanceSequence(0, 5)).toBe(5);
});

test("outputs are split so that no batch is too large and each partition keeps its order", () => {
  const output = fc.record({
    partition: fc.nat(2),
    size: fc.oneof(fc.nat(200), fc.constant(300_000), fc.constant(700_000)),
  });
  fc.assert(
    fc.property(fc.array(output, { maxLength: 60 }), fc.nat(2500), (large, small) => {
      const sizes = [...large, ...Array.from({ length: small }, () => ({ partition: 0, size: 1 }))];
      const outputs = sizes.map(({ partition, size }, index) => ({
        topic: index % 2 === 0 ? "a" : "b",
        partition,
        key: Buffer.from(String(index)),
        value: Buffer.alloc(size),
        headers: [],
        timestampMs: 0,
      }));
      const rounds = planProduce(outputs);
      for (const round of rounds) {
        expect(new Set(round.map(({ topic, partition }) => `${topic}/${partition}`)).size).toBe(round.length);
        for (const { records } of round) {
          const size = records.reduce((sum, record) => sum + sizeBound(record), 0);
          expect(records.length).toBeLessThanOrEqual(BATCH_MAX_RECORDS);
          expect(records.length === 1 || size <= BATCH_MAX_BYTES).toBe(true);
        }
      }
      for (const topic of ["a", "b"]) {
        for (const partition of [0, 1, 2]) {
          const isHere = (other: { topic: string; partition: number }) =>
            other.topic === topic && other.partition === partition;
          const planned = rounds.flatMap((round) => round.filter(isHere).flatMap(({ records }) => records));
          expect(planned.map((record) => String(record.key))).toEqual(
            outputs.filter(isHere).map((record) => String(record.key)),
          );
        }
      }
    }),
    { numRuns: 30 },
  );
});
