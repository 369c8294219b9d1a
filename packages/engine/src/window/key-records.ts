/** The keys of a state: their texts, and 40 bytes of each beside its events. A key is named by its text's number. */
import { CHUNK_EVENTS } from "./chunk.ts";
import { Slabs } from "./slabs.ts";
import { Texts, UNKNOWN_TEXT } from "./texts.ts";

const RECORD_BYTES = 40;
const AT = { next: 0, greatest: 1, newest: 4, kept: 5, bottom: 6, top: 7, flags: 8 } as const;
const IN_USE = 1;
const DIRTY = 2;

export class KeyRecords {
  readonly #texts = new Texts();
  readonly #records = new Slabs(RECORD_BYTES);

  get count(): number {
    return this.#texts.count;
  }

  /** No key has a greater number. */
  get last(): number {
    return this.#texts.last;
  }

  /** 0 if there is none. */
  find(key: string): number {
    const found = this.#texts.find(key);
    return found === UNKNOWN_TEXT ? 0 : found;
  }

  /** The same of a key in UTF-8. */
  findUtf8(bytes: Buffer, from: number, to: number): number {
    const found = this.#texts.findUtf8(bytes, from, to);
    return found === UNKNOWN_TEXT ? 0 : found;
  }

  /** For one that is not there. */
  add(key: string): number {
    return this.#begin(this.#texts.hold(key));
  }

  addUtf8(bytes: Buffer, from: number, to: number): number {
    return this.#begin(this.#texts.holdUtf8(bytes, from, to));
  }

  remove(key: number): void {
    this.#set(key, AT.flags, 0);
    this.#texts.release(key);
  }

  text(key: number): string {
    return this.#texts.text(key) as string;
  }

  /** See Texts. */
  utf8Length(key: number): number {
    return this.#texts.utf8Length(key);
  }

  get told(): Uint8Array {
    return this.#texts.told;
  }

  inUse(key: number): boolean {
    if (key > this.last) return false;
    return (this.#get(key, AT.flags) & IN_USE) !== 0;
  }

  /** An event of the key is in its block. */
  arrived(key: number, block: number, timeMs: number): void {
    this.setNewest(key, block);
    this.setKept(key, this.kept(key) + 1);
    this.setNextNumber(key, this.nextNumber(key) + 1);
    if (timeMs > this.greatestMs(key)) this.setGreatestMs(key, timeMs);
  }

  /** Number of the next event to arrive: the n-th of the key belongs to chunk n / 256. */
  nextNumber(key: number): number {
    return this.#records.slab(key).f64[(this.#records.byte(key) >>> 3) + AT.next] as number;
  }

  setNextNumber(key: number, number: number): void {
    this.#records.slab(key).f64[(this.#records.byte(key) >>> 3) + AT.next] = number;
  }

  /** Greatest event time of those kept, if any are; -1 before the first. */
  greatestMs(key: number): number {
    return this.#records.slab(key).f64[(this.#records.byte(key) >>> 3) + AT.greatest] as number;
  }

  setGreatestMs(key: number, timeMs: number): void {
    this.#records.slab(key).f64[(this.#records.byte(key) >>> 3) + AT.greatest] = timeMs;
  }

  /** Its newest block; 0 while it has none. */
  newest(key: number): number {
    return this.#get(key, AT.newest);
  }

  setNewest(key: number, block: number): void {
    this.#set(key, AT.newest, block);
  }

  /** Events in its blocks, expired ones included until their block goes. */
  kept(key: number): number {
    return this.#get(key, AT.kept);
  }

  setKept(key: number, kept: number): void {
    this.#set(key, AT.kept, kept);
  }

  /** First chunk that has events in blocks; if none has, the one that the next event goes to. */
  base(key: number): number {
    return Math.floor((this.nextNumber(key) - this.kept(key)) / CHUNK_EVENTS);
  }

  /** The chunk of the last event to arrive. */
  newestChunk(key: number): number {
    return Math.floor(Math.max(0, this.nextNumber(key) - 1) / CHUNK_EVENTS);
  }

  /** Chunks that the state topic may hold: [bottom, top). */
  bottom(key: number): number {
    return this.#get(key, AT.bottom);
  }

  top(key: number): number {
    return this.#get(key, AT.top);
  }

  setWritten(key: number, bottom: number, top: number): void {
    this.#set(key, AT.bottom, bottom);
    this.#set(key, AT.top, top);
  }

  /** Whether the topic may hold chunks that are no longer kept. */
  hasGraves(key: number): boolean {
    return this.bottom(key) < Math.min(this.base(key), this.top(key));
  }

  /** Whether no snapshot holds all of the newest chunk. */
  isNewestDirty(key: number): boolean {
    return (this.#get(key, AT.flags) & DIRTY) !== 0;
  }

  setNewestDirty(key: number, dirty: boolean): void {
    this.#set(key, AT.flags, dirty ? IN_USE | DIRTY : IN_USE);
  }

  #begin(key: number): number {
    this.#records.reach(key);
    const at = this.#records.byte(key);
    this.#records.slab(key).u8.fill(0, at, at + RECORD_BYTES);
    this.setGreatestMs(key, -1);
    this.#set(key, AT.flags, IN_USE);
    return key;
  }

  #get(key: number, word: number): number {
    return this.#records.slab(key).u32[(this.#records.byte(key) >>> 2) + word] as number;
  }

  #set(key: number, word: number, value: number): void {
    this.#records.slab(key).u32[(this.#records.byte(key) >>> 2) + word] = value;
  }
}
