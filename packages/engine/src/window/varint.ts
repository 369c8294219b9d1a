/** LEB128 varints of integers up to 2^53, and their zigzag form for signed ones. */

/** Writes `value` (integer, 0 to 2^53 - 1) at `at`; returns the place after it. At most 8 bytes. */
export function writeVarint(into: Buffer, at: number, value: number): number {
  while (value > 0x7f) {
    into[at++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  into[at++] = value;
  return at;
}

/** Integer of absolute value up to 2^52 - 1. */
export function writeSigned(into: Buffer, at: number, value: number): number {
  return writeVarint(into, at, value < 0 ? -2 * value - 1 : 2 * value);
}

/** Four bytes, big-endian; returns the place after them. Node's own, which checks, costs more than all else of a small number. */
export function writeUint32(into: Buffer, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}

/** Reads varints in turn; throws RangeError past the end. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  next(): number {
    let byte = this.#byte();
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      // Up to here in whole numbers of 32 bits, which nearly all of them are.
      if (shift === 28) return this.#long(value);
      byte = this.#byte();
      value |= (byte & 0x7f) << shift;
    }
    return value;
  }

  nextSigned(): number {
    const value = this.next();
    if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Four bytes, big-endian. */
  uint32(): number {
    const bytes = this.#bytes;
    const at = this.skip(4);
    const low = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    return (((bytes[at] as number) << 24) | low) >>> 0;
  }

  /** Passes over `length` bytes; returns where they begin. */
  skip(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError(`${length} bytes run past the end at byte ${from}`);
    this.#at = from + length;
    return from;
  }

  /** The rest of a number whose lowest 28 bits are `value`. */
  #long(value: number): number {
    let long = value;
    for (let scale = 2 ** 28; ; scale *= 128) {
      const byte = this.#byte();
      if (scale > 2 ** 49) throw new RangeError(`varint runs past its end at byte ${this.#at - 1}`);
      long += (byte & 0x7f) * scale;
      if (byte < 0x80) return long;
    }
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new RangeError(`varint runs past its end at byte ${this.#at}`);
    return this.#bytes[this.#at++] as number;
  }
}
