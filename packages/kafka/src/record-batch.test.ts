import type { LogRecord, NewRecord } from "@weir/schema";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "./bytes.ts";
import { RecordCursor } from "./fetch-codec.ts";
import { advanceSequence, type EncodedRecords, RecordBatch, sizeBound } from "./record-batch.ts";

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

const batchOf = (records: readonly NewRecord[], nowMs: number): RecordBatch => {
  const batch = new RecordBatch();
  for (const record of records) batch.add(record, record.timestampMs < 0 ? nowMs : record.timestampMs);
  return batch;
};

const read = (data: Buffer): LogRecord[] => {
  const records: LogRecord[] = [];
  new RecordCursor({ data, aborted: [] }, 0).take(100, records);
  return records;
};

const bytesOf = ({ header, records }: EncodedRecords): Buffer => Buffer.concat([header, ...records]);

describe("a record batch", () => {
  test("reads back as the records that were written", () => {
    fc.assert(
      fc.property(fc.array(newRecord, { minLength: 1, maxLength: 20 }), (records) => {
        const batch = batchOf(records, 1234);
        const data = bytesOf(batch.encode(IDENTITY));
        expect(read(data)).toEqual([...batch.records()]);
        expect(read(data)).toEqual(
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

  test("is the same records when another sends it", () => {
    const record = { topic: "t", key: Buffer.from("k"), value: Buffer.alloc(900, 1), headers: [], timestampMs: 5 };
    const batch = batchOf([record, record, record], 0);
    const encoded = batch.encode(IDENTITY);
    const first = bytesOf(encoded);
    const again = batch.encode({ ...IDENTITY, producerId: 8, firstSequence: 0 });
    expect(again.records).toEqual(encoded.records);
    expect(read(bytesOf(again))).toEqual(read(first));
    expect(bytesOf(encoded)).toEqual(first);
  });

  test("says who wrote it, its sequence number, its greatest timestamp and that it is transactional", () => {
    const base = { topic: "t", key: null, value: null, headers: [] };
    const stamps = [500, 900, 100];
    const batch = batchOf(
      stamps.map((timestampMs) => ({ ...base, timestampMs })),
      0,
    );
    const { header: data } = batch.encode(IDENTITY);
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
    expect(crc32c(Buffer.from("6789"), 0, 4, crc32c(Buffer.from("12345"), 0, 5))).toBe(0xe3069283);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0, 32)).toBe(0x46dd794e);
  });
});

test("sequence numbers go from 2^31 - 1 to 0", () => {
  expect(advanceSequence(2 ** 31 - 1, 1)).toBe(0);
  expect(advanceSequence(2 ** 31 - 3, 10)).toBe(7);
  expect(advanceSequence(0, 5)).toBe(5);
});
