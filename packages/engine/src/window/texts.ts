/**
 * Texts by number: equal texts have one number, so that events hold four bytes of each and compare them exactly.
 * Counted references; a text that nobody refers to is forgotten and its number used again. 0 stands for null.
 *
 * Held outside the heap that is collected: characters in cells of 16 bytes (a link, then 12 one-byte or 6 two-byte
 * units), 16 bytes beside them, and an index of 256 parts that grow one at a time. 39 to 45 bytes for 12 letters.
 */
import { hashUnits } from "./hash.ts";
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
  /** The text that is looked for: its first #length units of UTF-16. */
  #units = new Uint16Array(256);
  #length = 0;
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
    this.#look(text);
    return this.#find(this.#hash());
  }

  findUtf8(bytes: Buffer, from: number, to: number): number {
    this.#lookUtf8(bytes, from, to);
    return this.#find(this.#hash());
  }

  /** The text's number, held once more. */
  hold(text: string | null): number {
    if (text === null) return 0;
    this.#look(text);
    return this.#hold();
  }

  /** The same of `bytes[from, to)`, of which it makes no string. */
  holdUtf8(bytes: Buffer, from: number, to: number): number {
    this.#lookUtf8(bytes, from, to);
    return this.#hold();
  }

  /** Holds once more what somebody holds. */
  holdAgain(text: number): number {
    const { u32 } = this.#records.slab(text);
    const references = (this.#records.byte(text) >>> 2) + AT.references;
    u32[references] = (u32[references] as number) + 1;
    return text;
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

  #look(text: string): void {
    this.#reach(text.length);
    for (let index = 0; index < text.length; index += 1) this.#units[index] = text.charCodeAt(index);
  }

  #lookUtf8(bytes: Buffer, from: number, to: number): void {
    this.#reach(to - from);
    const units = this.#units;
    for (let at = from, index = 0; at < to; at += 1, index += 1) {
      const byte = bytes[at] as number;
      if (byte > 0x7f) {
        this.#look(bytes.toString("utf8", from, to));
        return;
      }
      units[index] = byte;
    }
  }

  #reach(length: number): void {
    if (length > this.#units.length) this.#units = new Uint16Array(length * 2);
    this.#length = length;
  }

  #hash(): number {
    return hashUnits(this.#units, this.#length);
  }

  #hold(): number {
    const hash = this.#hash();
    const known = this.#find(hash);
    return known === UNKNOWN_TEXT ? this.#add(hash) : this.holdAgain(known);
  }

  #find(hash: number): number {
    const part = this.#parts[hash >>> 24];
    if (part === undefined) return UNKNOWN_TEXT;
    const mask = part.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const candidate = part[at] as number;
      if (candidate === 0) return UNKNOWN_TEXT;
      if (this.#equals(candidate, hash)) return candidate;
    }
  }

  #equals(candidate: number, hash: number): boolean {
    const { u32 } = this.#records.slab(candidate);
    const at = this.#records.byte(candidate) >>> 2;
    if (u32[at + AT.hash] !== hash) return false;
    const sized = u32[at + AT.length] as number;
    const [units, length] = [this.#units, this.#length];
    if (sized >>> 1 !== length) return false;
    const wide = sized & 1;
    let cell = u32[at + AT.cell] as number;
    for (let index = 0; index < length; ) {
      const slab = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) + 4;
      const end = Math.min(length, index + (CELL_TEXT >> wide));
      for (let unit = 0; index < end; unit += 1, index += 1) {
        const stored = wide === 1 ? slab.u16[(from >>> 1) + unit] : slab.u8[from + unit];
        if (stored !== units[index]) return false;
      }
      cell = slab.u32[(from >>> 2) - 1] as number;
    }
    return true;
  }

  #add(hash: number): number {
    const record = this.#records.take();
    let all = 0;
    for (let index = 0; index < this.#length; index += 1) all |= this.#units[index] as number;
    const wide = all > 0xff ? 1 : 0;
    const { u32 } = this.#records.slab(record);
    const at = this.#records.byte(record) >>> 2;
    u32[at + AT.hash] = hash;
    u32[at + AT.references] = 1;
    u32[at + AT.length] = this.#length * 2 + wide;
    u32[at + AT.cell] = this.#write(wide);
    this.#count += 1;
    this.#index(record, hash);
    return record;
  }

  /** From its end, so that each cell knows the next. */
  #write(wide: number): number {
    const [text, length, units] = [this.#units, this.#length, CELL_TEXT >> wide];
    let next = 0;
    for (let start = Math.floor((length - 1) / units) * units; start >= 0; start -= units) {
      const cell = this.#cells.take();
      const slab = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) + 4;
      slab.u32[(from >>> 2) - 1] = next;
      for (let unit = 0; unit < units && start + unit < length; unit += 1) {
        if (wide === 1) slab.u16[(from >>> 1) + unit] = text[start + unit] as number;
        else slab.u8[from + unit] = text[start + unit] as number;
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
