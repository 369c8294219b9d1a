/**
 * Records of one size in typed arrays that grow slab by slab: no object per record, nothing is copied to grow, and
 * what is given back is handed out again. Record 0 is never handed out: it stands for none.
 */
const BITS = 12;
const MASK = (1 << BITS) - 1;

/** One stretch of memory, seen in every width that a record needs. */
export class Slab {
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;

  constructor(bytes: number) {
    const memory = new ArrayBuffer(bytes);
    this.f64 = new Float64Array(memory);
    this.u32 = new Uint32Array(memory);
    this.i32 = new Int32Array(memory);
    this.u16 = new Uint16Array(memory);
    this.u8 = new Uint8Array(memory);
  }
}

export class Slabs {
  readonly #recordBytes: number;
  readonly #slabs: Slab[] = [];
  #next = 1;
  #free = 0;

  constructor(recordBytes: number) {
    if (recordBytes % 8 !== 0) throw new RangeError(`a record is a multiple of 8 bytes, got ${recordBytes}`);
    this.#recordBytes = recordBytes;
  }

  /** Its bytes are as the one who had it before left them, or 0. */
  take(): number {
    const record = this.#free;
    if (record === 0) {
      this.reach(this.#next);
      return this.#next++;
    }
    this.#free = this.slab(record).u32[this.byte(record) >>> 2] as number;
    return record;
  }

  give(record: number): void {
    this.slab(record).u32[this.byte(record) >>> 2] = this.#free;
    this.#free = record;
  }

  /** For records that are numbered by somebody else: makes room for this one. */
  reach(record: number): void {
    while (this.#slabs.length <= record >>> BITS) this.#slabs.push(new Slab(this.#recordBytes << BITS));
  }

  slab(record: number): Slab {
    return this.#slabs[record >>> BITS] as Slab;
  }

  /** Where the record begins in its slab. */
  byte(record: number): number {
    return (record & MASK) * this.#recordBytes;
  }

  /** Greatest number handed out by take(). */
  get last(): number {
    return this.#next - 1;
  }
}
