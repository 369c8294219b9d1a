/**
 * Fetch response (version 11) and record batches (magic 2) to records, read_committed.
 *
 * The guarantee kept here: of the offsets `[from, to)` each committed record once, in offset order, and no aborted one.
 * - Aborted transactions are taken in by first offset, before the batch that could hold their records, and dropped at
 *   their abort marker; brokers list them in no useful order, and they nest.
 * - The position always passes a whole batch, so one left empty by compaction, a marker or an aborted batch cannot hold
 *   a reader up.
 * - A batch cut off at the end of a response is left for the next fetch.
 *
 * A batch that cannot be read (codec unknown, inflates past the bound, contents malformed although its checksum holds)
 * is the producer's doing and will read the same for ever. It becomes one record for each of its offsets with key and
 * value null and the header `weir-unreadable: <reason>`: whoever decides on records can reject it, nothing is dropped in
 * silence and nothing loops. A wrong checksum is not the producer's doing, and is an error: see CorruptBatch.
 *
 * Formats: https://kafka.apache.org/protocol#The_Messages_Fetch, https://kafka.apache.org/documentation/#recordbatch
 */
import type { Header, LogRecord } from "@weir/schema";
import { crc32c, readInt64 } from "./bytes.ts";
import { inflate } from "./inflate.ts";

/** Keys and values are views of the response: copy what is kept. */
export type FetchedPartition = {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly data: Buffer;
};
export type AbortedTransaction = { readonly producerId: number; readonly firstOffset: number };

export type FetchResponse = { readonly errorCode: number; readonly partitions: readonly FetchedPartition[] };

/** The checksum does not match or the bytes are no batch of magic 2: damaged on the way or on the broker's disk. */
export class CorruptBatch extends Error {
  override readonly name = "CorruptBatch";
}

export const UNREADABLE_HEADER = "weir-unreadable";

/** A batch may not become larger than this when it is inflated, bytes. */
export const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

const NONE = Buffer.alloc(0);

/** The response without its correlation id. Throws a RangeError on bytes that end too early. */
export const decodeFetchResponse = (bytes: Buffer): FetchResponse => {
  const errorCode = bytes.readInt16BE(4);
  const partitions: FetchedPartition[] = [];
  let at = 10;
  let topics = bytes.readInt32BE(at);
  at += 4;
  for (; topics > 0; topics--) {
    const length = bytes.readInt16BE(at);
    const topic = bytes.toString("utf8", at + 2, at + 2 + length);
    at += 2 + length;
    let count = bytes.readInt32BE(at);
    at += 4;
    for (; count > 0; count--) {
      const head = at;
      let abortedCount = bytes.readInt32BE(head + 30);
      at += 34;
      const aborted: AbortedTransaction[] = [];
      for (; abortedCount > 0; abortedCount--, at += 16) {
        aborted.push({ producerId: readInt64(bytes, at), firstOffset: readInt64(bytes, at + 8) });
      }
      // preferred read replica (4 bytes), then the records
      const size = Math.max(bytes.readInt32BE(at + 4), 0);
      at += 8;
      if (at + size > bytes.length) throw new RangeError(`records of ${size} bytes in a response of ${bytes.length}`);
      partitions.push({
        topic,
        partition: bytes.readInt32BE(head),
        errorCode: bytes.readInt16BE(head + 4),
        lastStableOffset: readInt64(bytes, head + 14),
        logStartOffset: readInt64(bytes, head + 22),
        aborted,
        data: size === 0 ? NONE : bytes.subarray(at, at + size),
      });
      at += size;
    }
  }
  return { errorCode, partitions };
};

const HEADER_BYTES = 61;
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** The offset after the last complete batch, or `from` when there is none that reaches beyond it. */
export const offsetAfter = (data: Buffer, from: number): number => {
  let next = from;
  for (let at = 0; at + HEADER_BYTES <= data.length; ) {
    const end = at + 12 + data.readInt32BE(at + 8);
    if (end > data.length || end < at + HEADER_BYTES) break;
    next = Math.max(next, readInt64(data, at) + data.readInt32BE(at + 23) + 1);
    at = end;
  }
  return next;
};

/** Where a varint ended; set by readVarint and readVarlong. One thread, and read at once by each caller. */
let cursor = 0;

export const readVarint = (bytes: Buffer, at: number): number => {
  let byte = bytes[at] as number;
  let value = byte & 127;
  let end = at + 1;
  for (let shift = 7; byte & 128; shift += 7) {
    if (shift > 28) throw new RangeError("varint of more than 5 bytes");
    byte = bytes[end++] as number;
    value |= (byte & 127) << shift;
  }
  cursor = end;
  return (value >>> 1) ^ -(value & 1);
};

/** Where the varint that was read last ends. */
export const varintEnd = (): number => cursor;

/** Exact up to 2^53. */
export const readVarlong = (bytes: Buffer, at: number): number => {
  let byte = bytes[at] as number;
  let value = byte & 127;
  let end = at + 1;
  for (let factor = 128; byte & 128; factor *= 128) {
    if (end - at > 9) throw new RangeError("varlong of more than 10 bytes");
    byte = bytes[end++] as number;
    value += (byte & 127) * factor;
  }
  cursor = end;
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
};

const NO_HEADERS: readonly Header[] = [];

/** One batch whose records are being handed out. */
type OpenBatch = {
  readonly bytes: Buffer;
  at: number;
  left: number;
  readonly base: number;
  readonly last: number;
  readonly firstTimestampMs: number;
  /** Set when the log stamped the batch: the same for all records. */
  readonly appendTimestampMs: number | null;
};

/**
 * Hands out the records of one partition's response in portions. `position` is the offset to go on from;
 * `done` says that the response has no more to give.
 */
export class RecordCursor {
  readonly #data: Buffer;
  readonly #to: number;
  readonly #aborted: readonly AbortedTransaction[];
  readonly #open = new Set<number>();
  readonly #checkChecksums: boolean;
  #abortedAt = 0;
  #at = 0;
  #batch: OpenBatch | null = null;
  #unreadable: { reason: string; next: number; last: number } | null = null;
  position: number;
  done = false;

  /** Reads `[from, to)`. `fetched.data` may begin before `from`, inside a batch. */
  constructor(
    fetched: Pick<FetchedPartition, "data" | "aborted">,
    from: number,
    to = Number.POSITIVE_INFINITY,
    checkChecksums = true,
  ) {
    this.#data = fetched.data;
    this.#aborted = fetched.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
    this.#to = to;
    this.#checkChecksums = checkChecksums;
    this.position = from;
    if (from >= to) this.done = true;
  }

  /** Adds at most `limit` records to `records` and moves `position` after them. Throws CorruptBatch. */
  take(limit: number, records: LogRecord[]): void {
    const full = records.length + limit;
    while (!this.done && records.length < full) {
      if (this.#unreadable !== null) this.#takeUnreadable(this.#unreadable, full, records);
      else if (this.#batch !== null) this.#takeRecords(this.#batch, full, records);
      else this.#openBatch();
    }
  }

  #openBatch(): void {
    const data = this.#data;
    const at = this.#at;
    if (at + 17 > data.length) {
      this.#finish();
      return;
    }
    const base = readInt64(data, at);
    const end = at + 12 + data.readInt32BE(at + 8);
    const magic = data[at + 16];
    if (magic !== 2)
      throw new CorruptBatch(`batch at offset ${base} has magic ${magic}; only 2 (Kafka 0.11 and later) is read`);
    if (end > data.length) {
      this.#finish();
      return;
    }
    if (end < at + HEADER_BYTES) throw new CorruptBatch(`batch at offset ${base} has ${end - at} bytes`);
    const attributes = data.readInt16BE(at + 21);
    const last = base + data.readInt32BE(at + 23);
    if (this.#checkChecksums && crc32c(data, at + 21, end) !== data.readUInt32BE(at + 17)) {
      throw new CorruptBatch(`batch at offset ${base} (${end - at} bytes) does not match its checksum`);
    }
    // Only now: a damaged batch must be met again, not passed over, by whoever asks again.
    this.#at = end;
    for (
      let next = this.#aborted[this.#abortedAt];
      next !== undefined && next.firstOffset <= last;
      next = this.#aborted[++this.#abortedAt]
    ) {
      this.#open.add(next.producerId);
    }
    const producerId = readInt64(data, at + 43);
    const count = data.readInt32BE(at + 57);
    if (attributes & CONTROL) {
      if (count > 0 && isAbortMarker(data, at + HEADER_BYTES)) this.#open.delete(producerId);
      this.#skipTo(last + 1);
      return;
    }
    if (last < this.position) return;
    if (base >= this.#to) {
      this.#finish(this.#to);
      return;
    }
    if (count === 0 || (attributes & TRANSACTIONAL && this.#open.has(producerId))) {
      this.#skipTo(last + 1);
      return;
    }
    let bytes = data.subarray(at + HEADER_BYTES, end);
    if (attributes & CODEC) {
      try {
        bytes = inflate(attributes & CODEC, bytes, MAX_INFLATED_BYTES);
      } catch (error) {
        this.#unreadable = { reason: error instanceof Error ? error.message : String(error), next: base, last };
        return;
      }
    }
    this.#batch = {
      bytes,
      at: 0,
      left: count,
      base,
      last,
      firstTimestampMs: readInt64(data, at + 27),
      appendTimestampMs: attributes & LOG_APPEND_TIME ? readInt64(data, at + 35) : null,
    };
  }

  #takeRecords(batch: OpenBatch, full: number, records: LogRecord[]): void {
    try {
      while (batch.left > 0 && records.length < full) {
        const offset = batch.base + offsetDelta(batch);
        if (offset >= this.#to) {
          this.#finish(this.#to);
          return;
        }
        const record = readRecord(batch, offset);
        batch.left--;
        if (offset < this.position) continue;
        if (offset > batch.last)
          throw new RangeError(`record of offset ${offset} in a batch that ends at ${batch.last}`);
        records.push(record);
        this.position = offset + 1;
      }
    } catch (error) {
      this.#batch = null;
      const reason = error instanceof Error ? error.message : String(error);
      this.#unreadable = { reason, next: Math.max(this.position, batch.base), last: batch.last };
      return;
    }
    if (batch.left > 0) return;
    this.#batch = null;
    this.#skipTo(batch.last + 1);
  }

  #takeUnreadable(range: { reason: string; next: number; last: number }, full: number, records: LogRecord[]): void {
    const headers: readonly Header[] = [[UNREADABLE_HEADER, Buffer.from(range.reason)]];
    range.next = Math.max(range.next, this.position);
    const end = Math.min(range.last + 1, this.#to);
    while (range.next < end && records.length < full) {
      records.push({ offset: range.next, timestampMs: -1, key: null, value: null, headers });
      this.position = ++range.next;
    }
    if (range.next < end) return;
    this.#unreadable = null;
    this.#skipTo(range.last + 1);
  }

  #skipTo(offset: number): void {
    this.position = Math.max(this.position, Math.min(offset, this.#to));
    if (this.position >= this.#to) this.done = true;
  }

  #finish(position = this.position): void {
    this.position = Math.max(this.position, position);
    this.done = true;
  }
}

/** The `count` records that `bytes` are, of offsets from `base` on; they are well-formed. */
export function* recordsIn(
  bytes: Buffer,
  {
    base,
    count,
    firstTimestampMs,
  }: { readonly base: number; readonly count: number; readonly firstTimestampMs: number },
): Generator<LogRecord> {
  const last = base + count - 1;
  const batch = { bytes, at: 0, left: count, base, last, firstTimestampMs, appendTimestampMs: null };
  for (let offset = base; offset <= last; offset += 1) yield readRecord(batch, offset);
}

/** The record's first fields, read ahead: length, attributes, timestamp delta, offset delta. */
const offsetDelta = (batch: OpenBatch): number => {
  const { bytes } = batch;
  readVarint(bytes, batch.at);
  readVarlong(bytes, cursor + 1);
  return readVarint(bytes, cursor);
};

const readRecord = (batch: OpenBatch, offset: number): LogRecord => {
  const { bytes } = batch;
  const length = readVarint(bytes, batch.at);
  const end = cursor + length;
  if (length < 0 || end > bytes.length)
    throw new RangeError(`record of ${length} bytes at ${batch.at} of ${bytes.length}`);
  const timestampDelta = readVarlong(bytes, cursor + 1);
  readVarint(bytes, cursor);
  const key = readBytes(bytes, end);
  const value = readBytes(bytes, end);
  let headerCount = readVarint(bytes, cursor);
  let headers = NO_HEADERS;
  if (headerCount > 0) {
    const list: Header[] = [];
    for (; headerCount > 0; headerCount--) {
      const name = readBytes(bytes, end);
      if (name === null) throw new RangeError("header without a name");
      list.push([name.toString("utf8"), readBytes(bytes, end)]);
    }
    headers = list;
  }
  if (cursor !== end) throw new RangeError(`record of offset ${offset} ends at ${cursor}, not at ${end}`);
  batch.at = end;
  return {
    offset,
    timestampMs: batch.appendTimestampMs ?? batch.firstTimestampMs + timestampDelta,
    key,
    value,
    headers,
  };
};

const readBytes = (bytes: Buffer, end: number): Buffer | null => {
  const length = readVarint(bytes, cursor);
  if (length < 0) return null;
  const start = cursor;
  if (start + length > end)
    throw new RangeError(`field of ${length} bytes at ${start} of a record that ends at ${end}`);
  cursor = start + length;
  return bytes.subarray(start, cursor);
};

/** A control record's key is version (16 bits) and type (16 bits): 0 abort, 1 commit. */
const isAbortMarker = (bytes: Buffer, at: number): boolean => {
  readVarint(bytes, at);
  readVarlong(bytes, cursor + 1);
  readVarint(bytes, cursor);
  const keyLength = readVarint(bytes, cursor);
  return keyLength >= 4 && bytes.readInt16BE(cursor + 2) === 0;
};
