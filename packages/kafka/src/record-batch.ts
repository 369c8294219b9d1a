/**
 * Records to bytes: one record batch (magic 2, uncompressed) in a single buffer, without intermediate objects.
 * Format: https://kafka.apache.org/documentation/#recordbatch
 */
import type { NewRecord } from "@weir/schema";
import { crc32c, writeInt64 } from "./bytes.ts";

export type BatchIdentity = {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Of the first record in its partition, 0..2^31-1. */
  readonly firstSequence: number;
  readonly transactional: boolean;
};

const HEADER_BYTES = 61;
/** Attributes, and the longest lengths, timestamp and offset that a record can have. */
const RECORD_OVERHEAD = 36;

/** An upper bound of the record's bytes in a batch. */
export const sizeBound = (record: Pick<NewRecord, "key" | "value" | "headers">): number => {
  let size = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) size += 10 + name.length * 3 + (value?.length ?? 0);
  return size;
};

/** The next sequence number after `count` records: it wraps to 0 after 2^31 - 1, as the broker expects. */
export const advanceSequence = (sequence: number, count: number): number => (sequence + count) % 2 ** 31;

/** `nowMs` stamps the records that have no timestamp of their own. */
export const encodeRecordBatch = (records: readonly NewRecord[], identity: BatchIdentity, nowMs: number): Buffer => {
  const first = records[0];
  if (first === undefined) throw new RangeError("a record batch needs a record");
  let bound = HEADER_BYTES;
  for (const record of records) bound += sizeBound(record);
  const bytes = Buffer.allocUnsafe(bound);
  const firstTimestampMs = first.timestampMs < 0 ? nowMs : first.timestampMs;
  let maxTimestampMs = firstTimestampMs;
  let at = HEADER_BYTES;
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as NewRecord;
    const timestampMs = record.timestampMs < 0 ? nowMs : record.timestampMs;
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
    at = writeRecord(bytes, at, record, index, timestampMs - firstTimestampMs);
  }
  writeInt64(bytes, 0, 0); // base offset: the broker's to give
  bytes.writeInt32BE(at - 12, 8);
  bytes.writeInt32BE(-1, 12); // leader epoch: unknown
  bytes[16] = 2;
  bytes.writeInt16BE(identity.transactional ? 0x10 : 0, 21);
  bytes.writeInt32BE(records.length - 1, 23);
  writeInt64(bytes, firstTimestampMs, 27);
  writeInt64(bytes, maxTimestampMs, 35);
  writeInt64(bytes, identity.producerId, 43);
  bytes.writeInt16BE(identity.producerEpoch, 51);
  bytes.writeInt32BE(identity.firstSequence, 53);
  bytes.writeInt32BE(records.length, 57);
  bytes.writeUInt32BE(crc32c(bytes, 21, at), 17);
  return bytes.subarray(0, at);
};

const writeRecord = (
  bytes: Buffer,
  start: number,
  record: NewRecord,
  index: number,
  timestampDelta: number,
): number => {
  const { key, value, headers } = record;
  // The length comes first and is known only by its parts.
  let length = 1 + varlongSize(timestampDelta) + varintSize(index) + fieldSize(key) + fieldSize(value);
  length += varintSize(headers.length);
  for (const [name, content] of headers) {
    const nameSize = Buffer.byteLength(name);
    length += varintSize(nameSize) + nameSize + fieldSize(content);
  }
  let at = writeVarint(bytes, start, length);
  const end = at + length;
  bytes[at++] = 0;
  at = writeVarlong(bytes, at, timestampDelta);
  at = writeVarint(bytes, at, index);
  at = writeField(bytes, at, key);
  at = writeField(bytes, at, value);
  at = writeVarint(bytes, at, headers.length);
  for (const [name, content] of headers) {
    at = writeVarint(bytes, at, Buffer.byteLength(name));
    at += bytes.write(name, at);
    at = writeField(bytes, at, content);
  }
  if (at !== end) throw new Error(`record ${index} took ${at - start} bytes, ${end - start} were reckoned`);
  return at;
};

const varintSize = (value: number): number => {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5;
};

const zigzagLong = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

const varlongSize = (value: number): number => {
  let size = 1;
  for (let rest = zigzagLong(value); rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
};

const fieldSize = (field: Buffer | null): number => (field === null ? 1 : varintSize(field.length) + field.length);

const writeVarint = (bytes: Buffer, start: number, value: number): number => {
  let at = start;
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag >= 128; zigzag >>>= 7) bytes[at++] = (zigzag & 127) | 128;
  bytes[at++] = zigzag;
  return at;
};

const writeVarlong = (bytes: Buffer, start: number, value: number): number => {
  let at = start;
  let rest = zigzagLong(value);
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
};

const writeField = (bytes: Buffer, start: number, field: Buffer | null): number => {
  if (field === null) {
    bytes[start] = 1; // zigzag of -1
    return start + 1;
  }
  const at = writeVarint(bytes, start, field.length);
  bytes.set(field, at);
  return at + field.length;
};
