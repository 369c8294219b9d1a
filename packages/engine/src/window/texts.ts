/**
 * Texts by number: equal texts have one number, so that events hold four bytes of each and compare them exactly.
 * Counted references; a text that nobody refers to is forgotten and its number used again. 0 stands for null.
 *
 * Held outside the heap that is collected: a record of 32 bytes, with the text's first 16 in it; the rest in cells of 12
 * bytes and a link; and an index of 256 parts that grow one at a time. 37 to 43 bytes for up to 16 letters.
 */
import { place, removeFrom } from "./open-table.ts";
import { Slabs } from "./slabs.ts";
import { TextWords } from "./text-words.ts";

/** A number that no text has. */
export const UNKNOWN_TEXT = 0xffff_ffff;

/** In words. */
const AT = { hash: 0, references: 1, sized: 2, cell: 3, words: 4 } as const;
const RECORD_WORDS = 4;
const RECORD_BYTES = 4 * (AT.words + RECORD_WORDS);
const CELL_WORDS = 3;
const CELL_BYTES = 4 * (1 + CELL_WORDS);
const SMALLEST_PART = 8;
/**
 * An entry of the index is a record's number and above it four bits of the text's hash, which neither part nor place is
 * told by: of fifteen in sixteen others that are met on the way the record, a line of memory elsewhere, is not looked at.
 */
const NUMBER_BITS = 28;
const NUMBER = 2 ** NUMBER_BITS - 1;
const TAG_AT = 20;
/** In a word of four units. */
const NOT_ASCII = 0x80808080;

export class Texts {
  readonly #records = new Slabs(RECORD_BYTES);
  readonly #cells = new Slabs(CELL_BYTES);
  readonly #parts: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(256).fill(undefined);
  readonly #inPart = new Uint32Array(256);
  /** The text that is looked for. */
  readonly #sought = new TextWords();
  /** The text that is told, and its bytes. */
  #toldWords = new Uint32Array(64);
  #told = Buffer.from(this.#toldWords.buffer);
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
    return text === null ? 0 : this.#find(this.#sought.set(text));
  }

  findUtf8(bytes: Buffer, from: number, to: number): number {
    return this.#find(this.#sought.setUtf8(bytes, from, to));
  }

  /** The text's number, held once more. */
  hold(text: string | null): number {
    return text === null ? 0 : this.#hold(this.#sought.set(text));
  }

  /** The same of `bytes[from, to)`, of which it makes no string. */
  holdUtf8(bytes: Buffer, from: number, to: number): number {
    return this.#hold(this.#sought.setUtf8(bytes, from, to));
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
    return this.#toldText(this.#tell(text));
  }

  /** Of the text in UTF-8; the bytes are `told` then, until it is asked of another. Of a text that somebody holds. */
  utf8Length(text: number): number {
    const sized = this.#tell(text);
    const units = sized >>> 1;
    let all = 0;
    for (let index = 0; index < (units + 3) >>> 2; index += 1) all |= this.#toldWords[index] as number;
    if ((sized & 1) === 0 && (all & NOT_ASCII) === 0) return units;
    const utf8 = Buffer.from(this.#toldText(sized));
    if (utf8.length > this.#told.length) this.#makeRoom((utf8.length + 3) >>> 2);
    this.#told.set(utf8);
    return utf8.length;
  }

  get told(): Uint8Array {
    return this.#told;
  }

  #toldText(sized: number): string {
    const wide = sized & 1;
    return this.#told.toString(wide === 1 ? "utf16le" : "latin1", 0, (sized >>> 1) << wide);
  }

  /** Puts its words where texts are told; returns twice its units, and 1 more where they take two bytes. */
  #tell(text: number): number {
    const { u32 } = this.#records.slab(text);
    const at = this.#records.byte(text) >>> 2;
    const sized = u32[at + AT.sized] as number;
    const count = (((sized >>> 1) << (sized & 1)) + 3) >>> 2;
    if (count > this.#toldWords.length) this.#makeRoom(count);
    const words = this.#toldWords;
    const here = Math.min(count, RECORD_WORDS);
    for (let index = 0; index < here; index += 1) words[index] = u32[at + AT.words + index] as number;
    let cell = u32[at + AT.cell] as number;
    for (let done = here; done < count; ) {
      const { u32: rest } = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) >>> 2;
      for (let word = 1; word <= CELL_WORDS && done < count; word += 1, done += 1)
        words[done] = rest[from + word] as number;
      cell = rest[from] as number;
    }
    return sized;
  }

  #makeRoom(words: number): void {
    this.#toldWords = new Uint32Array(2 * words);
    this.#told = Buffer.from(this.#toldWords.buffer);
  }

  #hold(sought: TextWords): number {
    const known = this.#find(sought);
    return known === UNKNOWN_TEXT ? this.#add(sought) : this.holdAgain(known);
  }

  #find(sought: TextWords): number {
    const { hash } = sought;
    const part = this.#parts[hash >>> 24];
    if (part === undefined) return UNKNOWN_TEXT;
    const mask = part.length - 1;
    const tag = tagOf(hash);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = part[at] as number;
      if (entry === 0) return UNKNOWN_TEXT;
      if (entry >>> NUMBER_BITS === tag && this.#equals(entry & NUMBER, sought)) return entry & NUMBER;
    }
  }

  #equals(candidate: number, { words, count, sized, hash }: TextWords): boolean {
    const { u32 } = this.#records.slab(candidate);
    const at = this.#records.byte(candidate) >>> 2;
    if (u32[at + AT.hash] !== hash || u32[at + AT.sized] !== sized) return false;
    const here = Math.min(count, RECORD_WORDS);
    for (let index = 0; index < here; index += 1) if (u32[at + AT.words + index] !== words[index]) return false;
    let cell = u32[at + AT.cell] as number;
    for (let index = here; index < count; ) {
      const { u32: rest } = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) >>> 2;
      for (let word = 1; word <= CELL_WORDS && index < count; word += 1, index += 1)
        if (rest[from + word] !== words[index]) return false;
      cell = rest[from] as number;
    }
    return true;
  }

  #add({ words, count, sized, hash }: TextWords): number {
    const record = this.#records.take();
    if (record > NUMBER) throw new RangeError(`more than ${NUMBER} texts in one state`);
    const { u32 } = this.#records.slab(record);
    const at = this.#records.byte(record) >>> 2;
    u32[at + AT.hash] = hash;
    u32[at + AT.references] = 1;
    u32[at + AT.sized] = sized;
    const here = Math.min(count, RECORD_WORDS);
    for (let index = 0; index < here; index += 1) u32[at + AT.words + index] = words[index] as number;
    u32[at + AT.cell] = this.#write(words, count);
    this.#count += 1;
    this.#index(record, hash);
    return record;
  }

  /** What a record has no room for; from its end, so that each cell knows the next. Returns the first cell, 0 if none. */
  #write(words: Uint32Array, count: number): number {
    let next = 0;
    const cells = Math.ceil((count - RECORD_WORDS) / CELL_WORDS);
    for (let start = RECORD_WORDS + (cells - 1) * CELL_WORDS; start >= RECORD_WORDS; start -= CELL_WORDS) {
      const cell = this.#cells.take();
      const { u32 } = this.#cells.slab(cell);
      const from = this.#cells.byte(cell) >>> 2;
      u32[from] = next;
      for (let word = 0; word < CELL_WORDS && start + word < count; word += 1)
        u32[from + 1 + word] = words[start + word] as number;
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
      for (const other of part) if (other !== 0) place(roomy, other, this.#hashOf(other & NUMBER));
      part = roomy;
    }
    this.#parts[number] = part;
    place(part, entryOf(record, hash), hash);
  }

  #remove(text: number, hash: number, firstCell: number): void {
    for (let cell = firstCell; cell !== 0; ) {
      const next = this.#cells.slab(cell).u32[this.#cells.byte(cell) >>> 2] as number;
      this.#cells.give(cell);
      cell = next;
    }
    const number = hash >>> 24;
    const part = this.#parts[number] as Uint32Array;
    removeFrom(part, entryOf(text, hash), hash, (other) => this.#hashOf(other & NUMBER));
    this.#inPart[number] = (this.#inPart[number] as number) - 1;
    this.#records.give(text);
    this.#count -= 1;
  }

  #hashOf(text: number): number {
    return this.#records.slab(text).u32[(this.#records.byte(text) >>> 2) + AT.hash] as number;
  }
}

function tagOf(hash: number): number {
  return (hash >>> TAG_AT) & 15;
}

function entryOf(record: number, hash: number): number {
  return ((tagOf(hash) << NUMBER_BITS) | record) >>> 0;
}
