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
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 49)
        throw new RangeError(`varint runs past its end at byte ${this.#at - 1}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Buffer {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError(`${length} bytes run past the end at byte ${from}`);
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  nextSigned(): number {
    const value = this.next();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
