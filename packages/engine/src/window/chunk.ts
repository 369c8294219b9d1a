/**
 * The persistent form of at most 256 events of one key, in the order of their arrival.
 *
 * Record key: the key's UTF-8 bytes, then the chunk's ordinal (u32, big-endian).
 * Value:      version u8 | identity 8 | asOf f64 | base u32 | count u16 | varints: first time, then deltas | crc32 u32.
 * The checksum covers the record key and the value before it, so a value under a wrong key is found out.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { VarintReader, writeSigned } from "./varint.ts";

export const CHUNK_EVENTS = 256;
const VERSION = 1;
const AT = { version: 0, identity: 1, asOf: 9, base: 17, count: 21, times: 23 } as const;
const CRC_BYTES = 4;

/** The state topic holds bytes that this engine did not write, or that were damaged since. */
export class CorruptChunk extends Error {
  override readonly name = "CorruptChunk";
}

export type Chunk = {
  /** Events of this key at offsets below are in this chunk or in earlier ones. */
  readonly asOf: number;
  /** First chunk of the key that was still kept when this was written. */
  readonly base: number;
  readonly times: Float64Array;
};

/** First 8 bytes of the identity's SHA-256. */
export function identityHash(identity: string): Buffer {
  return createHash("sha256").update(identity).digest().subarray(0, 8);
}

export function chunkRecordKey(key: string, ordinal: number): Buffer {
  const bytes = Buffer.byteLength(key);
  const out = Buffer.allocUnsafe(bytes + 4);
  out.write(key, 0);
  out.writeUInt32BE(ordinal, bytes);
  return out;
}

export function parseChunkKey(recordKey: Buffer): { readonly key: string; readonly ordinal: number } {
  if (recordKey.length < 5) throw new CorruptChunk(`a chunk's key has at least 5 bytes, got ${recordKey.length}`);
  const end = recordKey.length - 4;
  return { key: recordKey.toString("utf8", 0, end), ordinal: recordKey.readUInt32BE(end) };
}

/** `times` are whole ms, 0 to 2^52. */
export function encodeChunk(recordKey: Buffer, identity: Buffer, { asOf, base, times }: Chunk): Buffer {
  const out = Buffer.allocUnsafe(AT.times + times.length * 8 + CRC_BYTES);
  out[AT.version] = VERSION;
  identity.copy(out, AT.identity);
  out.writeDoubleBE(asOf, AT.asOf);
  out.writeUInt32BE(base, AT.base);
  out.writeUInt16BE(times.length, AT.count);
  let end: number = AT.times;
  let before = 0;
  for (const time of times) {
    end = writeSigned(out, end, time - before);
    before = time;
  }
  out.writeUInt32BE(checksum(recordKey, out, end), end);
  return out.subarray(0, end + CRC_BYTES);
}

/** Null: of another identity. Throws CorruptChunk. */
export function decodeChunk(recordKey: Buffer, identity: Buffer, value: Buffer): Chunk | null {
  if (value[AT.version] !== VERSION)
    throw new CorruptChunk(`chunk version ${value[AT.version]} is unknown, this engine reads ${VERSION}`);
  if (value.length < AT.times + CRC_BYTES)
    throw new CorruptChunk(`a chunk has at least ${AT.times + CRC_BYTES} bytes, got ${value.length}`);
  const end = value.length - CRC_BYTES;
  if (checksum(recordKey, value, end) !== value.readUInt32BE(end))
    throw new CorruptChunk("the chunk's checksum does not hold");
  if (!value.subarray(AT.identity, AT.asOf).equals(identity)) return null;
  const times = new Float64Array(value.readUInt16BE(AT.count));
  const reader = new VarintReader(value, AT.times);
  let before = 0;
  for (let index = 0; index < times.length; index += 1) {
    before += reader.nextSigned();
    times[index] = before;
  }
  if (reader.at !== end) throw new CorruptChunk(`the chunk's events end at byte ${reader.at}, not ${end}`);
  return { asOf: value.readDoubleBE(AT.asOf), base: value.readUInt32BE(AT.base), times };
}

function checksum(recordKey: Buffer, value: Buffer, end: number): number {
  return crc32(value.subarray(0, end), crc32(recordKey));
}
