/**
 * The four codecs of record batches, each bounded: a batch that would become larger is an error before it is in memory.
 * gzip and zstd by node:zlib; snappy and LZ4 here, since many producers use them and Node has neither.
 *
 * Formats: https://github.com/google/snappy/blob/main/format_description.txt (in xerial's framing or bare),
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md. LZ4's own checksums are not
 * looked at: the batch has one.
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** Throws on an unknown codec, malformed bytes, and a result of more than `maxBytes`. */
export const inflate = (codec: number, bytes: Buffer, maxBytes: number): Buffer => {
  switch (codec) {
    case 1:
      return gunzipSync(bytes, { maxOutputLength: maxBytes });
    case 2:
      return inflateSnappy(bytes, maxBytes);
    case 3:
      return inflateLz4(bytes, maxBytes);
    case 4:
      return zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
    default:
      throw new Error(`compression codec ${codec} is not supported`);
  }
};

/** Output that grows up to a bound, and repeats parts of itself, which is what both formats come down to. */
class Output {
  readonly #maxBytes: number;
  #bytes: Buffer;
  #length = 0;

  constructor(expectedBytes: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = Buffer.allocUnsafe(Math.min(expectedBytes, maxBytes));
  }

  literal(source: Buffer, start: number, length: number): void {
    if (start + length > source.length)
      throw new RangeError(`literal of ${length} bytes at ${start} of ${source.length}`);
    this.#reserve(length);
    source.copy(this.#bytes, this.#length, start, start + length);
    this.#length += length;
  }

  /** The source may run into what is being written: it then repeats. */
  repeat(distance: number, length: number): void {
    if (distance === 0 || distance > this.#length)
      throw new RangeError(`copy from ${distance} bytes before ${this.#length}`);
    this.#reserve(length);
    const bytes = this.#bytes;
    let to = this.#length;
    if (distance >= length) {
      bytes.copyWithin(to, to - distance, to - distance + length);
    } else {
      for (const end = to + length; to < end; to++) bytes[to] = bytes[to - distance] as number;
    }
    this.#length += length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed > this.#maxBytes) throw new RangeError(`inflates to more than ${this.#maxBytes} bytes`);
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#bytes.length * 2), this.#maxBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

const inflateSnappy = (bytes: Buffer, maxBytes: number): Buffer => {
  const output = new Output(bytes.length * 4, maxBytes);
  if (bytes.length < 16 || !bytes.subarray(0, 8).equals(XERIAL)) {
    snappyBlock(bytes, output, maxBytes);
    return output.bytes;
  }
  for (let at = 16; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    if (length < 0 || at + 4 + length > bytes.length) throw new RangeError(`snappy block of ${length} bytes at ${at}`);
    snappyBlock(bytes.subarray(at + 4, at + 4 + length), output, maxBytes);
    at += 4 + length;
  }
  return output.bytes;
};

const snappyBlock = (bytes: Buffer, output: Output, maxBytes: number): void => {
  let at = 0;
  let expected = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes.readUInt8(at++);
    expected += (byte & 127) * factor;
    if (byte < 128) break;
  }
  if (expected > maxBytes) throw new RangeError(`inflates to more than ${maxBytes} bytes`);
  const before = output.bytes.length;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++);
    const upper = tag >>> 2;
    switch (tag & 3) {
      case 0: {
        const extra = upper < 60 ? 0 : upper - 59;
        const length = 1 + (extra === 0 ? upper : bytes.readUIntLE(at, extra));
        at += extra;
        output.literal(bytes, at, length);
        at += length;
        break;
      }
      case 1:
        output.repeat(((tag >>> 5) << 8) | bytes.readUInt8(at), (upper & 7) + 4);
        at += 1;
        break;
      case 2:
        output.repeat(bytes.readUInt16LE(at), upper + 1);
        at += 2;
        break;
      default:
        output.repeat(bytes.readUInt32LE(at), upper + 1);
        at += 4;
    }
  }
  const length = output.bytes.length - before;
  if (length !== expected) throw new RangeError(`snappy block of ${length} bytes says that it has ${expected}`);
};

const LZ4_MAGIC = 0x184d2204;

const inflateLz4 = (bytes: Buffer, maxBytes: number): Buffer => {
  if (bytes.readUInt32LE(0) !== LZ4_MAGIC) throw new RangeError("not an LZ4 frame");
  const flags = bytes.readUInt8(4);
  const blockChecksum = flags & 0x10 ? 4 : 0;
  // descriptor: flags, block size, [content size], [dictionary], checksum
  let at = 4 + 2 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0) + 1;
  const output = new Output(bytes.length * 4, maxBytes);
  for (;;) {
    const size = bytes.readUInt32LE(at);
    at += 4;
    if (size === 0) return output.bytes;
    const length = size & 0x7fffffff;
    if (at + length > bytes.length) throw new RangeError(`LZ4 block of ${length} bytes at ${at} of ${bytes.length}`);
    if (size >>> 31) output.literal(bytes, at, length);
    else lz4Block(bytes, at, at + length, output);
    at += length + blockChecksum;
  }
};

const lz4Block = (bytes: Buffer, start: number, end: number, output: Output): void => {
  let at = start;
  const longer = (length: number): number => {
    if (length < 15) return length;
    let sum = length;
    for (;;) {
      const byte = bytes.readUInt8(at++);
      sum += byte;
      if (byte < 255) return sum;
    }
  };
  while (at < end) {
    const token = bytes.readUInt8(at++);
    const literals = longer(token >>> 4);
    output.literal(bytes, at, literals);
    at += literals;
    if (at >= end) return; // the last sequence has no copy
    const distance = bytes.readUInt16LE(at);
    at += 2;
    output.repeat(distance, longer(token & 15) + 4);
  }
};
