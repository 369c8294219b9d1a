/** Record batches and Fetch responses built byte by byte, apart from the code under test. */
import { crc32 } from "node:zlib";
import { crc32c, writeInt64 } from "./bytes.ts";

export type FixtureRecord = {
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: readonly (readonly [string, Buffer | null])[];
  readonly timestampDelta?: number;
  /** Default: its place in the list. */
  readonly offsetDelta?: number;
};

export type FixtureBatch = {
  readonly base: number;
  readonly records?: readonly FixtureRecord[];
  /** Default: the last record's offset delta, or 0. */
  readonly lastOffsetDelta?: number;
  readonly producerId?: number;
  readonly transactional?: boolean;
  readonly control?: "abort" | "commit";
  readonly logAppendTime?: boolean;
  readonly firstTimestamp?: number;
  readonly maxTimestamp?: number;
  readonly magic?: number;
  /** The compressed form of the records' bytes and the codec's number. */
  readonly compress?: readonly [codec: number, compress: (bytes: Buffer) => Buffer];
  readonly count?: number;
};

const zigzag = (value: bigint): Buffer => {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
};
const varint = (value: number): Buffer => zigzag(BigInt(value));
const field = (bytes: Buffer | null): Buffer =>
  bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);

const recordBytes = (record: FixtureRecord, index: number): Buffer => {
  const { key = null, value = null, headers = [], timestampDelta = 0, offsetDelta = index } = record;
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(timestampDelta),
    varint(offsetDelta),
    field(key),
    field(value),
    varint(headers.length),
    ...headers.map(([name, content]) => Buffer.concat([field(Buffer.from(name)), field(content)])),
  ]);
  return Buffer.concat([varint(body.length), body]);
};

const marker = (type: "abort" | "commit"): FixtureRecord => ({
  key: Buffer.from([0, 0, 0, type === "abort" ? 0 : 1]),
  value: Buffer.from([0, 0, 0, 0, 0, 0]),
});

export const batchBytes = (batch: FixtureBatch): Buffer => {
  const records = batch.control === undefined ? (batch.records ?? []) : [marker(batch.control)];
  const last = records.at(-1);
  const lastOffsetDelta = batch.lastOffsetDelta ?? last?.offsetDelta ?? Math.max(records.length - 1, 0);
  let payload = Buffer.concat(records.map(recordBytes));
  let attributes = batch.transactional || batch.control ? 0x10 : 0;
  if (batch.control) attributes |= 0x20;
  if (batch.logAppendTime) attributes |= 0x08;
  if (batch.compress) {
    attributes |= batch.compress[0];
    payload = Buffer.from(batch.compress[1](payload));
  }
  const bytes = Buffer.concat([Buffer.alloc(61), payload]);
  writeInt64(bytes, batch.base, 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes[16] = batch.magic ?? 2;
  bytes.writeInt16BE(attributes, 21);
  bytes.writeInt32BE(lastOffsetDelta, 23);
  writeInt64(bytes, batch.firstTimestamp ?? 1000, 27);
  writeInt64(bytes, batch.maxTimestamp ?? 2000, 35);
  writeInt64(bytes, batch.producerId ?? -1, 43);
  bytes.writeInt32BE(batch.count ?? records.length, 57);
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
};

/** A batch of the old format, which has its own checksum. */
export const oldBatchBytes = (base: number): Buffer => {
  const bytes = Buffer.alloc(80);
  writeInt64(bytes, base, 0);
  bytes.writeInt32BE(68, 8);
  bytes[16] = 1;
  bytes.writeUInt32BE(crc32(bytes.subarray(16)), 12);
  return bytes;
};

export type FixturePartition = {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode?: number;
  readonly lastStableOffset?: number;
  readonly logStartOffset?: number;
  readonly aborted?: readonly { readonly producerId: number; readonly firstOffset: number }[] | null;
  readonly data?: Buffer | null;
};

export const responseBytes = (partitions: readonly FixturePartition[], errorCode = 0): Buffer => {
  const parts: Buffer[] = [];
  const int = (value: number, size: 2 | 4) => {
    const bytes = Buffer.alloc(size);
    bytes.writeIntBE(value, 0, size);
    parts.push(bytes);
  };
  const long = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    parts.push(bytes);
  };
  int(0, 4);
  int(errorCode, 2);
  int(0, 4);
  int(partitions.length, 4);
  for (const { topic, partition, ...rest } of partitions) {
    int(Buffer.byteLength(topic), 2);
    parts.push(Buffer.from(topic));
    int(1, 4);
    int(partition, 4);
    int(rest.errorCode ?? 0, 2);
    long(77);
    long(rest.lastStableOffset ?? 0);
    long(rest.logStartOffset ?? 0);
    const { aborted = [] } = rest;
    int(aborted?.length ?? -1, 4);
    for (const { producerId, firstOffset } of aborted ?? []) {
      long(producerId);
      long(firstOffset);
    }
    int(-1, 4);
    int(rest.data === null ? -1 : (rest.data?.length ?? 0), 4);
    if (rest.data) parts.push(rest.data);
  }
  return Buffer.concat(parts);
};
