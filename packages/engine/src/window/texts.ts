/**
 * Texts by number: equal texts have one number, so that events hold four bytes of each and compare them exactly.
 * Counted references; a text that nobody refers to is forgotten and its number used again. 0 stands for null.
 *
 * Held outside the heap that is collected: characters in cells of 16 bytes (a link, then 12 one-byte or 6 two-byte
 * units), 16 bytes beside them, and an index of 256 parts that grow one at a time. 39 to 45 bytes for 12 letters.
 */
import { Hash } from "./hash.ts";
import { place, removeFrom } from "./open-table.ts";
import { Slabs } from "./slabs.ts";

/** A number that no text has. */
export const UNKNOWN_TEXT = 0xffff_ffff;

const RECORD_BYTES = 16;
const AT = { hash: 0, references: 1, cell: 2, length: 3 } as const;
const CELL_BYTES = 16;
const CELL_TEXT = 12;
const SMALLEST_PART = 8;

export class Texts {
  readonly #records = new Slabs(RECORD_BYTES);
  readonly #cells = new Slabs(CELL_BYTES);
  readonly #parts: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(256).fill(undefined);
  readonly #inPart = new Uint32Array(256);
  readonly #hasher = new Hash();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Greatest number in use so far. */
  get last(): number {
    return this.#records.last;
  }

  /** UNKNOWN_TEXT if nobody holds it. */
  find(text: string | null): number {
    if (text === null) return 0;
    return this.#find(text, this.#hash(text));
  }

  /** The text's number, held once more. */
  hold(text: string | null): number {
    if (text === null) return 0;
    const hash = this.#hash(text);
    const known = this.#find(text, hash);
    if (known === UNKNOWN_TEXT) return this.#add(text, hash);
    const u32 = this.#records.slab(known).u32;
    const references = (this.#records.byte(known) >>> 2) + AT.references;
    u32[references] = (u32[references] as number) + 1;
    return known;
  }

  release(text: number): void {
    if (text === 0) return;
    const { u32 } = this.#records.slab(text);
    const at = this.#records.byte(text) >>> 2;
    const left = (u32[at + AT.references] as number) - 1;
    u32[at + AT.references] = left;
    if (left === 0) this.#remove(text, u32[at + AT.hash] as number, u32[at + AT.cell] as number);
  }

  text(text: number): string | null {
    if (text === 0) return null;
    const { u32 } = this.#records.slab(text);
    const at = this.#records.byte(text) >>> 2;
    const wide = (u32[at + AT.length] as number) & 1;
    const length = (u32[at + AT.length] as number) >>> 1;
    const bytes = Buffer.allocUnsafe(length << wide);
    let cell = u32[at + AT.cell] as number;
    for (let done = 0; done < bytes.length; done += CELL_TEXT) {
      const slab = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) + 4;
      bytes.set(slab.u8.subarray(from, from + Math.min(CELL_TEXT, bytes.length - done)), done);
      cell = slab.u32[(from >>> 2) - 1] as number;
    }
    return bytes.toString(wide === 1 ? "utf16le" : "latin1");
  }

  #hash(text: string): number {
    return this.#hasher.start(1).text(text).finish().low;
  }

  #find(text: string, hash: number): number {
    const part = this.#parts[hash >>> 24];
    if (part === undefined) return UNKNOWN_TEXT;
    const mask = part.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const candidate = part[at] as number;
      if (candidate === 0) return UNKNOWN_TEXT;
      if (this.#equals(candidate, text, hash)) return candidate;
    }
  }

  #equals(candidate: number, text: string, hash: number): boolean {
    const { u32 } = this.#records.slab(candidate);
    const at = this.#records.byte(candidate) >>> 2;
    const sized = u32[at + AT.length] as number;
    if (u32[at + AT.hash] !== hash || sized >>> 1 !== text.length) return false;
    const wide = sized & 1;
    let cell = u32[at + AT.cell] as number;
    for (let index = 0; index < text.length; ) {
      const slab = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) + 4;
      const end = Math.min(text.length, index + (CELL_TEXT >> wide));
      for (let unit = 0; index < end; unit += 1, index += 1) {
        const stored = wide === 1 ? slab.u16[(from >>> 1) + unit] : slab.u8[from + unit];
        if (stored !== text.charCodeAt(index)) return false;
      }
      cell = slab.u32[(from >>> 2) - 1] as number;
    }
    return true;
  }

  #add(text: string, hash: number): number {
    const record = this.#records.take();
    let wide = 0;
    for (let index = 0; index < text.length && wide === 0; index += 1) if (text.charCodeAt(index) > 0xff) wide = 1;
    const { u32 } = this.#records.slab(record);
    const at = this.#records.byte(record) >>> 2;
    u32[at + AT.hash] = hash;
    u32[at + AT.references] = 1;
    u32[at + AT.length] = text.length * 2 + wide;
    u32[at + AT.cell] = this.#write(text, wide);
    this.#count += 1;
    this.#index(record, hash);
    return record;
  }

  /** From its end, so that each cell knows the next. */
  #write(text: string, wide: number): number {
    const units = CELL_TEXT >> wide;
    let next = 0;
    for (let start = Math.floor((text.length - 1) / units) * units; start >= 0; start -= units) {
      const cell = this.#cells.take();
      const slab = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) + 4;
      slab.u32[(from >>> 2) - 1] = next;
      for (let unit = 0; unit < units && start + unit < text.length; unit += 1) {
        if (wide === 1) slab.u16[(from >>> 1) + unit] = text.charCodeAt(start + unit);
        else slab.u8[from + unit] = text.charCodeAt(start + unit);
      }
      next = cell;
    }
    return next;
  }

  #index(record: number, hash: number): void {
    const number = hash >>> 24;
    const held = (this.#inPart[number] as number) + 1;
    this.#inPart[number] = held;
    let part = this.#parts[number] ?? new Uint32Array(SMALLEST_PART);
    if (held * 4 > part.length * 3) {
      const roomy = new Uint32Array(part.length * 2);
      for (const other of part) if (other !== 0) place(roomy, other, this.#hashOf(other));
      part = roomy;
    }
    this.#parts[number] = part;
    place(part, record, hash);
  }

  #remove(text: number, hash: number, firstCell: number): void {
    for (let cell = firstCell; cell !== 0; ) {
      const next = this.#cells.slab(cell).u32[this.#cells.byte(cell) >>> 2] as number;
      this.#cells.give(cell);
      cell = next;
    }
    const number = hash >>> 24;
    removeFrom(this.#parts[number] as Uint32Array, text, hash, (other) => this.#hashOf(other));
    this.#inPart[number] = (this.#inPart[number] as number) - 1;
    this.#records.give(text);
    this.#count -= 1;
  }

  #hashOf(text: number): number {
    return this.#records.slab(text).u32[(this.#records.byte(text) >>> 2) + AT.hash] as number;
  }
}
