/**
 * Records of one size in typed arrays that grow slab by slab: no object per record, nothing is copied to grow but a first
 * slab that is not whole yet, and what is given back is handed out again. Record 0 is never handed out: it stands for
 * none.
 */
const BITS = 12;
const MASK = (1 << BITS) - 1;
/** Records of the first slab to begin with: many states never have more. */
const FEW = 64;

/** One stretch of memory, seen in every width that a record needs. */
export class Slab {
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;

  constructor(bytes: number, content: Uint8Array | null = null) {
    const memory = new ArrayBuffer(bytes);
    this.f64 = new Float64Array(memory);
    this.u32 = new Uint32Array(memory);
    this.i32 = new Int32Array(memory);
    this.u16 = new Uint16Array(memory);
    this.u8 = new Uint8Array(memory);
    if (content !== null) this.u8.set(content);
  }
}

export class Slabs {
  readonly #recordBytes: number;
  readonly #slabs: Slab[] = [];
  /** No record from here on has room. */
  #end = 0;
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

  /** For records that are numbered by somebody else: makes room for this one. A slab that was asked for before is void. */
  reach(record: number): void {
    while (record >= this.#end) this.#grow();
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

  /** The first slab by doubling, then a whole one. */
  #grow(): void {
    const [first] = this.#slabs;
    if (this.#end > MASK) this.#slabs.push(new Slab(this.#recordBytes << BITS));
    else this.#slabs[0] = new Slab(this.#recordBytes * Math.max(FEW, 2 * this.#end), first?.u8);
    this.#end = this.#end > MASK ? this.#end + MASK + 1 : Math.max(FEW, 2 * this.#end);
  }
}
