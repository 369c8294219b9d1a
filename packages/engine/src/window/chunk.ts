/**
 * The persistent form of at most 256 events of one key, in the order of their arrival.
 *
 * Record key: the key's UTF-8 bytes, then the chunk's ordinal (u32, big-endian).
 * Value:      version u8 | identity 8 | asOf f64 | successorOffset f64 | givenUpMs f64 | base u32 | first u8 | count u16 |
 *             events | crc32 u32.
 * Event:      time - the event's before (the first: itself), then what the layout keeps: amount, currency; each text
 *             (0 null, else its place in the chunk's dictionary + 1; a place not yet used: the text follows as
 *             length, UTF-8); id 8 | payload 4 | partition | offset - the event's before; changes of truth, their
 *             number, then each - the event's time.
 * Numbers without a width are varints, differences signed. The checksum covers the record key and the value before it,
 * so a value under a wrong key is found out. What comes after the identity may change with the version only.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { EventBlocks, EventRow } from "./event-blocks.ts";
import type { Texts } from "./texts.ts";
import { VarintReader, writeSigned, writeUint32, writeVarint } from "./varint.ts";

export const CHUNK_EVENTS = 256;
const VERSION = 1;
const AT = { version: 0, identity: 1, asOf: 9, successor: 17, givenUp: 25, base: 33, first: 37, count: 38, events: 40 };
const CRC_BYTES = 4;
const NO_CHANGES: readonly number[] = [];
/** Of an event without its texts and changes: 12 varints of at most 8 bytes, and 12 bytes. */
const MOST_EVENT_BYTES = 12 * 8 + 12;

/** The state topic holds bytes that this engine did not write, or that were damaged since. */
export class CorruptChunk extends Error {
  override readonly name = "CorruptChunk";
}

/** `key`: in UTF-8, its first `length` bytes. */
export function chunkRecordKey(key: Uint8Array, ordinal: number, length = key.length): Buffer {
  const out = Buffer.allocUnsafe(length + 4);
  copyBytes(key, out, 0, length);
  writeUint32(out, length, ordinal);
  return out;
}

/** The key itself are the bytes before `end`. */
export function parseChunkKey(recordKey: Buffer): { readonly end: number; readonly ordinal: number } {
  if (recordKey.length < 5) throw new CorruptChunk(`a chunk's key has at least 5 bytes, got ${recordKey.length}`);
  const end = recordKey.length - 4;
  return { end, ordinal: recordKey.readUInt32BE(end) };
}

export type ChunkHeader = {
  /** What the log says below this offset of the events in this chunk, labels included, is in it. */
  readonly asOf: number;
  /** Offset of the event that began the next chunk; -1 while this is the newest. */
  readonly successorOffset: number;
  /** Events of the key up to this time were given up, where its events in the chunks up to this one end; -1: none. */
  readonly givenUpMs: number;
  /** First chunk of the key that was still kept when this was written. */
  readonly base: number;
  /** Events that were gone from the chunk's front when this was written. */
  readonly first: number;
};

/** First 8 bytes of the identity's SHA-256. */
export function identityHash(identity: string): Buffer {
  return createHash("sha256").update(identity).digest().subarray(0, 8);
}

let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Copies: nothing of it changes later. */
export function encodeChunk(
  recordKey: Buffer,
  identity: Buffer,
  header: ChunkHeader,
  events: readonly number[],
  blocks: EventBlocks,
  row: EventRow,
): Buffer {
  scratch[AT.version] = VERSION;
  identity.copy(scratch, AT.identity);
  scratch.writeDoubleBE(header.asOf, AT.asOf);
  scratch.writeDoubleBE(header.successorOffset, AT.successor);
  scratch.writeDoubleBE(header.givenUpMs, AT.givenUp);
  writeUint32(scratch, AT.base, header.base);
  scratch[AT.first] = header.first;
  scratch.writeUInt16BE(events.length, AT.count);
  const dictionary = new Map<number, number>();
  const { shape } = blocks;
  let end: number = AT.events;
  let [timeBefore, offsetBefore] = [0, 0];
  for (const event of events) {
    blocks.read(event, row);
    const changes = blocks.hasChanges(event >>> 3) ? blocks.changes(event) : NO_CHANGES;
    makeRoom(end, MOST_EVENT_BYTES + changes.length * 8);
    end = writeSigned(scratch, end, row.timeMs - timeBefore);
    timeBefore = row.timeMs;
    if (shape.amountLow >= 0) end = writeVarint(scratch, end, row.amountMinor);
    if (shape.currency >= 0) end = writeVarint(scratch, end, row.currency);
    for (const text of row.texts) end = writeText(end, text, dictionary, blocks);
    if (shape.idLow >= 0) {
      makeRoom(end, MOST_EVENT_BYTES + changes.length * 8);
      end = writeUint32(scratch, end, row.idLow);
      end = writeUint32(scratch, end, row.idHigh);
      end = writeUint32(scratch, end, row.payload);
      end = writeVarint(scratch, end, row.partition);
      end = writeSigned(scratch, end, row.offset - offsetBefore);
      offsetBefore = row.offset;
    }
    if (shape.changes < 0) continue;
    end = writeVarint(scratch, end, changes.length);
    for (const changeMs of changes) end = writeSigned(scratch, end, changeMs - row.timeMs);
  }
  makeRoom(end, CRC_BYTES);
  writeUint32(scratch, end, checksum(recordKey, scratch, end));
  return Buffer.from(scratch.subarray(0, end + CRC_BYTES));
}

export type ChunkSink = {
  /** Before the first event. */
  header(header: ChunkHeader, count: number): void;
  /** The row's texts are held for the sink, `changes` rise. The row is used again for the next event. */
  event(row: EventRow, changes: readonly number[]): void;
};

/** Whether it is of this identity: otherwise the sink hears nothing. Throws CorruptChunk. */
export function decodeChunk(
  recordKey: Buffer,
  identity: Buffer,
  value: Buffer,
  blocks: EventBlocks,
  row: EventRow,
  sink: ChunkSink,
): boolean {
  if (value.length < AT.asOf + CRC_BYTES)
    throw new CorruptChunk(`a chunk has at least ${AT.asOf + CRC_BYTES} bytes, got ${value.length}`);
  const end = value.length - CRC_BYTES;
  if (checksum(recordKey, value, end) !== value.readUInt32BE(end))
    throw new CorruptChunk("the chunk's checksum does not hold");
  for (let index = 0; index < identity.length; index += 1)
    if (value[AT.identity + index] !== identity[index]) return false;
  if (value[AT.version] !== VERSION)
    throw new CorruptChunk(`chunk version ${value[AT.version]} is unknown, this engine reads ${VERSION}`);
  try {
    const read = decodeVersion1(value, blocks, row, sink);
    if (read !== end) throw new RangeError(`the chunk's events end at byte ${read}, not ${end}`);
  } catch (error) {
    if (error instanceof RangeError) throw new CorruptChunk(error.message);
    throw error;
  }
  return true;
}

/** Returns where the events end. Throws RangeError. */
function decodeVersion1(value: Buffer, blocks: EventBlocks, row: EventRow, sink: ChunkSink): number {
  const count = value.readUInt16BE(AT.count);
  const first = value.readUInt8(AT.first);
  if (count < 1 || first + count > CHUNK_EVENTS)
    throw new RangeError(`a chunk has 1 to ${CHUNK_EVENTS} events, got ${count} from ${first}`);
  sink.header(
    {
      asOf: value.readDoubleBE(AT.asOf),
      successorOffset: value.readDoubleBE(AT.successor),
      givenUpMs: value.readDoubleBE(AT.givenUp),
      base: value.readUInt32BE(AT.base),
      first,
    },
    count,
  );
  const { shape, texts } = blocks;
  const reader = new VarintReader(value, AT.events);
  const dictionary: number[] = [];
  row.timeMs = 0;
  row.offset = 0;
  for (let index = 0; index < count; index += 1) {
    row.timeMs += reader.nextSigned();
    if (shape.amountLow >= 0) row.amountMinor = reader.next();
    if (shape.currency >= 0) row.currency = reader.next();
    for (let text = 0; text < row.texts.length; text += 1) row.texts[text] = readText(reader, value, dictionary, texts);
    if (shape.idLow >= 0) {
      row.idLow = reader.uint32();
      row.idHigh = reader.uint32();
      row.payload = reader.uint32();
      row.partition = reader.next();
      row.offset += reader.nextSigned();
    }
    sink.event(row, shape.changes < 0 ? NO_CHANGES : readChanges(reader, row.timeMs));
  }
  return reader.at;
}

function writeText(end: number, text: number, dictionary: Map<number, number>, blocks: EventBlocks): number {
  if (text === 0) return writeVarint(scratch, end, 0);
  const known = dictionary.get(text);
  const place = known ?? dictionary.size;
  if (known !== undefined) {
    makeRoom(end, 8);
    return writeVarint(scratch, end, place + 1);
  }
  dictionary.set(text, place);
  const length = blocks.texts.utf8Length(text);
  makeRoom(end, length + 16);
  const at = writeVarint(scratch, writeVarint(scratch, end, place + 1), length);
  copyBytes(blocks.texts.told, scratch, at, length);
  return at + length;
}

/** The number of the text, held. `dictionary`: those of the texts so far, which earlier events of the chunk hold. */
function readText(reader: VarintReader, value: Buffer, dictionary: number[], texts: Texts): number {
  const place = reader.next() - 1;
  if (place < 0) return 0;
  if (place < dictionary.length) return texts.holdAgain(dictionary[place] as number);
  if (place > dictionary.length) throw new RangeError(`text ${place} of a chunk that has ${dictionary.length} so far`);
  const length = reader.next();
  const from = reader.skip(length);
  const text = texts.holdUtf8(value, from, from + length);
  dictionary.push(text);
  return text;
}

function readChanges(reader: VarintReader, timeMs: number): readonly number[] {
  let left = reader.next();
  if (left === 0) return NO_CHANGES;
  const changes: number[] = [];
  for (; left > 0; left -= 1) changes.push(timeMs + reader.nextSigned());
  return changes;
}

/** Of a few bytes, as most texts are, a loop is faster than a view of them. */
function copyBytes(from: Uint8Array, into: Buffer, at: number, length: number): void {
  if (length > 64) into.set(from.subarray(0, length), at);
  else for (let index = 0; index < length; index += 1) into[at + index] = from[index] as number;
}

function makeRoom(end: number, bytes: number): void {
  if (end + bytes <= scratch.length) return;
  const roomy = Buffer.allocUnsafeSlow(2 * (end + bytes));
  scratch.copy(roomy, 0, 0, end);
  scratch = roomy;
}

function checksum(recordKey: Buffer, value: Buffer, end: number): number {
  return crc32(value.subarray(0, end), crc32(recordKey));
}
