/**
 * Records to bytes: one record batch (magic 2, uncompressed), written record by record, without intermediate objects.
 * Its header, which says who sends it, comes apart, so that the same records can be sent again by somebody else.
 * Format: https://kafka.apache.org/documentation/#recordbatch
 */
import type { LogRecord, NewRecord } from "@weir/schema";
import { crc32c, writeInt64 } from "./bytes.ts";
import { readVarint, readVarlong, recordsIn, varintEnd } from "./fetch-codec.ts";

/** Of one that is to be written. */
type Content = Pick<NewRecord, "key" | "value" | "headers" | "timestampMs">;

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
/** Of the pieces that a batch is written in: the first is small, as most batches are, each next one larger up to a bound. */
const FIRST_PIECE_BYTES = 1024;
const PIECE_GROWTH = 4;
export const PIECE_BYTES = 64 * 1024;

/** An upper bound of the record's bytes in a batch. */
export const sizeBound = (record: Omit<Content, "timestampMs">): number => {
  let size = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) size += 10 + name.length * 3 + (value?.length ?? 0);
  return size;
};

/** The next sequence number after `count` records: it wraps to 0 after 2^31 - 1, as the broker expects. */
export const advanceSequence = (sequence: number, count: number): number => (sequence + count) % 2 ** 31;

export type EncodedRecords = {
  readonly header: Buffer;
  /** What comes after the header: views, which must not change any more, nor must the batch. */
  readonly records: readonly Buffer[];
  /** Of both, bytes. */
  readonly size: number;
};

type Piece = { readonly bytes: Buffer; end: number; records: number };

/** The records of one batch as bytes, in pieces, so that none is copied when more come. */
export class RecordBatch {
  readonly #pieces: Piece[] = [];
  #nextPieceBytes: number;
  #size = 0;
  #count = 0;
  #firstTimestampMs = 0;
  #maxTimestampMs = 0;

  /** `firstPieceBytes`: what it will need at least, if that is known. */
  constructor(firstPieceBytes = FIRST_PIECE_BYTES) {
    this.#nextPieceBytes = firstPieceBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Of all records, without a header, bytes. */
  get size(): number {
    return this.#size;
  }

  /** Its own timestamp is used, unless another is given: a log has no record without one. */
  add(record: Content, timestampMs = record.timestampMs): void {
    if (this.#count === 0) this.#firstTimestampMs = this.#maxTimestampMs = timestampMs;
    else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
    const piece = this.#pieceFor(sizeBound(record));
    const end = writeRecord(piece.bytes, piece.end, record, this.#count, timestampMs - this.#firstTimestampMs);
    this.#added(piece, end);
  }

  /** All records of another one, which stays as it is. */
  append(other: RecordBatch): void {
    if (this.#count === 0) this.#firstTimestampMs = this.#maxTimestampMs = other.#firstTimestampMs;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, other.#maxTimestampMs);
    const laterMs = other.#firstTimestampMs - this.#firstTimestampMs;
    for (const { bytes, end } of other.#pieces) for (let at = 0; at < end; ) at = this.#copyRecord(bytes, at, laterMs);
  }

  /** Those added so far, in order; keys and values are views of the bytes. */
  *records(): Generator<LogRecord> {
    const firstTimestampMs = this.#firstTimestampMs;
    let base = 0;
    for (const { bytes, end, records: count } of this.#pieces) {
      yield* recordsIn(bytes.subarray(0, end), { base, count, firstTimestampMs });
      base += count;
    }
  }

  encode(identity: BatchIdentity): EncodedRecords {
    if (this.#count === 0) throw new RangeError("a record batch needs a record");
    const size = HEADER_BYTES + this.#size;
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    writeInt64(header, 0, 0); // base offset: the broker's to give
    header.writeInt32BE(size - 12, 8);
    header.writeInt32BE(-1, 12); // leader epoch: unknown
    header[16] = 2;
    header.writeInt16BE(identity.transactional ? 0x10 : 0, 21);
    header.writeInt32BE(this.#count - 1, 23);
    writeInt64(header, this.#firstTimestampMs, 27);
    writeInt64(header, this.#maxTimestampMs, 35);
    writeInt64(header, identity.producerId, 43);
    header.writeInt16BE(identity.producerEpoch, 51);
    header.writeInt32BE(identity.firstSequence, 53);
    header.writeInt32BE(this.#count, 57);
    let checksum = crc32c(header, 21, HEADER_BYTES);
    for (const { bytes, end } of this.#pieces) checksum = crc32c(bytes, 0, end, checksum);
    header.writeUInt32BE(checksum, 17);
    return { header, records: this.#pieces.map(({ bytes, end }) => bytes.subarray(0, end)), size };
  }

  /** A record's bytes but for its beginning, which tells of its place. Returns where the next one is. */
  #copyRecord(bytes: Buffer, start: number, laterMs: number): number {
    const length = readVarint(bytes, start);
    const end = varintEnd() + length;
    const timestampDelta = readVarlong(bytes, varintEnd() + 1) + laterMs;
    readVarint(bytes, varintEnd());
    const from = varintEnd();
    const copied = 1 + varlongSize(timestampDelta) + varintSize(this.#count) + end - from;
    const piece = this.#pieceFor(varintSize(copied) + copied);
    let at = writeVarint(piece.bytes, piece.end, copied);
    piece.bytes[at++] = 0;
    at = writeVarlong(piece.bytes, at, timestampDelta);
    at = writeVarint(piece.bytes, at, this.#count);
    bytes.copy(piece.bytes, at, from, end);
    this.#added(piece, at + end - from);
    return end;
  }

  #added(piece: Piece, end: number): void {
    this.#size += end - piece.end;
    piece.end = end;
    piece.records += 1;
    this.#count += 1;
  }

  #pieceFor(bytes: number): Piece {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.end + bytes <= last.bytes.length) return last;
    const piece = { bytes: Buffer.allocUnsafe(Math.max(bytes, this.#nextPieceBytes)), end: 0, records: 0 };
    this.#nextPieceBytes = Math.min(this.#nextPieceBytes * PIECE_GROWTH, PIECE_BYTES);
    this.#pieces.push(piece);
    return piece;
  }
}

const writeRecord = (bytes: Buffer, start: number, record: Content, index: number, timestampDelta: number): number => {
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
