import { gzipSync, zstdCompressSync } from "node:zlib";
import type { LogRecord } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { batchBytes, type FixtureBatch, oldBatchBytes, responseBytes } from "./batch.fixture.ts";
import {
  type AbortedTransaction,
  CorruptBatch,
  decodeFetchResponse,
  MAX_INFLATED_BYTES,
  offsetAfter,
  RecordCursor,
  UNREADABLE_HEADER,
} from "./fetch-codec.ts";

const values = (...texts: string[]) => texts.map((text) => ({ value: Buffer.from(text) }));
const text = (records: readonly LogRecord[]): string[] => records.map((record) => `${record.offset}:${record.value}`);

const readAll = (
  batches: readonly (FixtureBatch | Buffer)[],
  options: { from?: number; to?: number; aborted?: readonly AbortedTransaction[]; portion?: number } = {},
) => {
  const data = Buffer.concat(batches.map((batch) => (Buffer.isBuffer(batch) ? batch : batchBytes(batch))));
  const cursor = new RecordCursor({ data, aborted: options.aborted ?? [] }, options.from ?? 0, options.to);
  const records: LogRecord[] = [];
  for (let turns = 0; !cursor.done; turns++) {
    if (turns > 100_000) throw new Error("the cursor does not come to an end");
    cursor.take(options.portion ?? 1000, records);
  }
  return { records, position: cursor.position };
};

describe("a Fetch response", () => {
  test("is taken apart by topic and partition", () => {
    const data = batchBytes({ base: 5, records: values("a") });
    const response = decodeFetchResponse(
      responseBytes([
        { topic: "tópic", partition: 3, lastStableOffset: 2 ** 40, logStartOffset: 4, data },
        { topic: "u", partition: 0, errorCode: 1, lastStableOffset: -1, data: null, aborted: null },
        { topic: "u", partition: 1, aborted: [{ producerId: 2 ** 33, firstOffset: 9 }] },
      ]),
    );
    expect(response.errorCode).toBe(0);
    expect(response.partitions).toEqual([
      { topic: "tópic", partition: 3, errorCode: 0, lastStableOffset: 2 ** 40, logStartOffset: 4, aborted: [], data },
      expect.objectContaining({ topic: "u", partition: 0, errorCode: 1, lastStableOffset: -1, aborted: [] }),
      expect.objectContaining({ partition: 1, aborted: [{ producerId: 2 ** 33, firstOffset: 9 }] }),
    ]);
  });

  test("that ends too early is an error, not a shorter answer", () => {
    const bytes = responseBytes([{ topic: "t", partition: 0, data: batchBytes({ base: 0, records: values("abc") }) }]);
    for (let length = 4; length < bytes.length; length += 3) {
      expect(() => decodeFetchResponse(bytes.subarray(0, length))).toThrow(RangeError);
    }
  });
});

describe("records", () => {
  test("have their keys, values, headers and timestamps, null and empty kept apart", () => {
    const headers = [
      ["trace", Buffer.from([0, 255])],
      ["trace", null],
      ["ü", Buffer.alloc(0)],
    ] as const;
    const { records, position } = readAll(
      [
        {
          base: 2 ** 34,
          firstTimestamp: 1_700_000_000_000,
          records: [
            { key: Buffer.from("k"), value: Buffer.from("v"), headers, timestampDelta: 0 },
            { key: null, value: null, timestampDelta: -5000 },
            { key: Buffer.alloc(0), value: Buffer.alloc(0), timestampDelta: 2 ** 35 },
          ],
        },
      ],
      { from: 2 ** 34 },
    );
    expect(records).toEqual([
      { offset: 2 ** 34, timestampMs: 1_700_000_000_000, key: Buffer.from("k"), value: Buffer.from("v"), headers },
      { offset: 2 ** 34 + 1, timestampMs: 1_699_999_995_000, key: null, value: null, headers: [] },
      {
        offset: 2 ** 34 + 2,
        timestampMs: 1_700_000_000_000 + 2 ** 35,
        key: Buffer.alloc(0),
        value: Buffer.alloc(0),
        headers: [],
      },
    ]);
    expect(position).toBe(2 ** 34 + 3);
  });

  test("without a timestamp have -1, and before 1970 a negative one", () => {
    const { records } = readAll([
      { base: 0, firstTimestamp: -1, records: values("a") },
      { base: 1, firstTimestamp: -86_400_000, records: [{ value: Buffer.from("b"), timestampDelta: 3 }] },
    ]);
    expect(records.map((record) => record.timestampMs)).toEqual([-1, -86_399_997]);
  });

  test("stamped by the log all have the batch's time", () => {
    const { records } = readAll([
      { base: 0, logAppendTime: true, firstTimestamp: 5, maxTimestamp: 99, records: values("a", "b") },
    ]);
    expect(records.map((record) => record.timestampMs)).toEqual([99, 99]);
  });

  test.each([
    [1, gzipSync],
    [4, zstdCompressSync],
  ] as const)("compressed by codec %i are inflated", (codec, compress) => {
    const { records } = readAll([{ base: 7, records: values("a", "b"), compress: [codec, compress] }], { from: 8 });
    expect(text(records)).toEqual(["8:b"]);
  });

  test("outside [from, to) are left out, and the position does not pass to", () => {
    const batches = [
      { base: 0, records: values("a", "b", "c") },
      { base: 3, records: values("d", "e", "f") },
    ];
    expect(text(readAll(batches, { from: 1, to: 5 }).records)).toEqual(["1:b", "2:c", "3:d", "4:e"]);
    expect(readAll(batches, { from: 1, to: 5 }).position).toBe(5);
    expect(readAll(batches, { from: 1, to: 3 })).toMatchObject({ position: 3 });
    expect(readAll(batches, { from: 4, to: 4 })).toEqual({ records: [], position: 4 });
  });

  test("come in portions, each after the one before", () => {
    const data = batchBytes({ base: 0, records: values("a", "b", "c", "d", "e") });
    const cursor = new RecordCursor({ data, aborted: [] }, 0);
    const portions: string[][] = [];
    const positions: number[] = [];
    while (!cursor.done) {
      const records: LogRecord[] = [];
      cursor.take(2, records);
      portions.push(text(records));
      positions.push(cursor.position);
    }
    expect(portions.flat()).toEqual(["0:a", "1:b", "2:c", "3:d", "4:e"]);
    expect(Math.max(...portions.map((portion) => portion.length))).toBe(2);
    expect(positions.slice(0, 3)).toEqual([2, 4, 5]);
  });

  test("of a batch that is cut off are left for the next fetch", () => {
    const whole = batchBytes({ base: 0, records: values("a") });
    const cut = batchBytes({ base: 1, records: values("b") });
    for (const length of [0, 1, 16, 30, 61, cut.length - 1]) {
      const { records, position } = readAll([whole, cut.subarray(0, length)]);
      expect(text(records)).toEqual(["0:a"]);
      expect(position).toBe(1);
      expect(offsetAfter(Buffer.concat([whole, cut.subarray(0, length)]), 0)).toBe(1);
    }
  });

  test("that compaction took away are stepped over, a whole batch too", () => {
    const batches: FixtureBatch[] = [
      { base: 0, records: [{ value: Buffer.from("b"), offsetDelta: 1 }], lastOffsetDelta: 4 },
      { base: 5, records: [], lastOffsetDelta: 9 },
      { base: 20, records: values("z") },
    ];
    expect(text(readAll(batches).records)).toEqual(["1:b", "20:z"]);
    expect(readAll(batches.slice(0, 2)).position).toBe(15);
    expect(offsetAfter(batchBytes(batches[1] as FixtureBatch), 5)).toBe(15);
  });
});

describe("transactions", () => {
  test("that were aborted deliver nothing, however they nest", () => {
    // 1 begins, 2 begins and ends within it, 3 commits, 1 ends; then producer 1 again, committed.
    const batches: FixtureBatch[] = [
      { base: 0, producerId: 1, transactional: true, records: values("x") },
      { base: 1, producerId: 2, transactional: true, records: values("x") },
      { base: 2, producerId: 3, transactional: true, records: values("keep 3") },
      { base: 3, producerId: 2, control: "abort" },
      { base: 4, producerId: 2, transactional: true, records: values("keep 2") },
      { base: 5, producerId: 1, transactional: true, records: values("x") },
      { base: 6, producerId: 3, control: "commit" },
      { base: 7, producerId: 2, control: "commit" },
      { base: 8, producerId: 1, control: "abort" },
      { base: 9, producerId: 1, transactional: true, records: values("keep 1") },
      { base: 10, records: values("plain") },
      { base: 11, producerId: 1, control: "commit" },
    ];
    // By their last offset, as brokers list them.
    const aborted = [
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 0 },
    ];
    const { records, position } = readAll(batches, { aborted });
    expect(text(records)).toEqual(["2:keep 3", "4:keep 2", "9:keep 1", "10:plain"]);
    expect(position).toBe(12);
  });

  test("aborted one after the other by one producer are each left out", () => {
    const batches: FixtureBatch[] = [
      { base: 0, producerId: 1, transactional: true, records: values("x") },
      { base: 1, producerId: 1, control: "abort" },
      { base: 2, producerId: 1, transactional: true, records: values("keep") },
      { base: 3, producerId: 1, control: "commit" },
      { base: 4, producerId: 1, transactional: true, records: values("x") },
      { base: 5, producerId: 1, control: "abort" },
    ];
    const aborted = [
      { producerId: 1, firstOffset: 4 },
      { producerId: 1, firstOffset: 0 },
    ];
    expect(text(readAll(batches, { aborted }).records)).toEqual(["2:keep"]);
    expect(text(readAll(batches, { aborted, portion: 1 }).records)).toEqual(["2:keep"]);
  });

  test("begun before the response, and markers before `from`, count all the same", () => {
    const batches: FixtureBatch[] = [
      { base: 5, producerId: 1, transactional: true, records: values("x", "x") },
      { base: 7, producerId: 1, control: "abort" },
      { base: 8, producerId: 1, transactional: true, records: values("keep") },
    ];
    const aborted = [{ producerId: 1, firstOffset: 2 }];
    expect(text(readAll(batches, { aborted, from: 6 }).records)).toEqual(["8:keep"]);
    expect(text(readAll(batches, { aborted, from: 8 }).records)).toEqual(["8:keep"]);
  });

  test("do not hide a plain record whose key looks like a marker's", () => {
    const { records } = readAll(
      [
        { base: 0, producerId: 1, transactional: true, records: [{ key: Buffer.from([0, 0, 0, 0]), value: null }] },
        { base: 1, producerId: 1, transactional: true, records: values("x") },
      ],
      { aborted: [{ producerId: 1, firstOffset: 0 }] },
    );
    expect(records).toEqual([]);
  });

  test("leave a position behind their trailing marker", () => {
    expect(readAll([{ base: 3, producerId: 1, control: "commit" }], { from: 3 })).toEqual({ records: [], position: 4 });
  });
});

describe("a batch that cannot be read", () => {
  const reasonOf = (record: LogRecord | undefined) => record?.headers.map(([name, value]) => `${name}: ${value}`);

  test("because of its codec becomes one record for each offset, and the next batch is read", () => {
    const { records, position } = readAll([
      { base: 0, records: values("a", "b"), compress: [5, (bytes) => bytes] },
      { base: 2, records: values("c") },
    ]);
    expect(records.map(({ offset, key, value }) => [offset, key, value?.toString()])).toEqual([
      [0, null, undefined],
      [1, null, undefined],
      [2, null, "c"],
    ]);
    expect(reasonOf(records[0])).toEqual([`${UNREADABLE_HEADER}: compression codec 5 is not supported`]);
    expect(position).toBe(3);
  });

  test.each([
    ["gzip", 1, gzipSync],
    ["zstd", 4, zstdCompressSync],
  ] as const)("because it inflates past the bound (%s) is not inflated", (_, codec, compress) => {
    const bomb = compress(Buffer.alloc(MAX_INFLATED_BYTES + 1));
    expect(bomb.length).toBeLessThan(100_000);
    const { records, position } = readAll(
      [{ base: 4, records: values("a", "b", "c"), compress: [codec, () => bomb] }],
      {
        from: 5,
      },
    );
    expect(records.map((record) => record.offset)).toEqual([5, 6]);
    expect(reasonOf(records[0])?.[0]).toContain(UNREADABLE_HEADER);
    expect(position).toBe(7);
  });

  test("because its contents are malformed still gives what came before", () => {
    const good = { value: Buffer.from("good") };
    const { records, position } = readAll([{ base: 0, records: [good, good], count: 4, lastOffsetDelta: 3 }]);
    expect(records.map((record) => [record.offset, record.value?.toString()])).toEqual([
      [0, "good"],
      [1, "good"],
      [2, undefined],
      [3, undefined],
    ]);
    expect(position).toBe(4);
  });

  test("never hands out more than a portion, whatever number of records it claims", () => {
    const data = batchBytes({ base: 0, records: values("a"), count: 2 ** 31 - 1, lastOffsetDelta: 2 ** 31 - 2 });
    const cursor = new RecordCursor({ data, aborted: [] }, 0);
    const records: LogRecord[] = [];
    cursor.take(100, records);
    cursor.take(100, records);
    expect(records.map((record) => record.offset)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(cursor.done).toBe(false);
  });

  test("because it is damaged is an error that says where", () => {
    const data = batchBytes({ base: 12, records: values("abc") });
    for (const at of [21, 40, data.length - 1]) {
      const damaged = Buffer.from(data);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(() => readAll([damaged], { from: 12 })).toThrow(CorruptBatch);
    }
    expect(() => readAll([data.fill(0, 61)], { from: 12 })).toThrow("offset 12");
  });

  test("because it is damaged is never passed over, however often it is asked for", () => {
    const damaged = batchBytes({ base: 1, records: values("b") });
    damaged[30] = 0x55;
    const data = Buffer.concat([
      batchBytes({ base: 0, records: values("a") }),
      damaged,
      batchBytes({ base: 2, records: values("c") }),
    ]);
    const cursor = new RecordCursor({ data, aborted: [] }, 0);
    const records: LogRecord[] = [];
    for (let turn = 0; turn < 3; turn++) expect(() => cursor.take(10, records)).toThrow(CorruptBatch);
    expect(text(records)).toEqual(["0:a"]);
    expect(cursor).toMatchObject({ position: 1, done: false });
  });

  test("because its format is older than Kafka 0.11 is an error", () => {
    expect(() => readAll([oldBatchBytes(3)], { from: 3 })).toThrow(/offset 3 has magic 1/);
  });
});
