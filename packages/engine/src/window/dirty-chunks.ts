/** Which chunks have changes that no snapshot holds, longest-waiting first, and where each full one's successor begins. */

import { CHUNK_EVENTS } from "./chunk.ts";
import { DirtyQueue } from "./dirty-queue.ts";
import type { KeyRecords } from "./key-records.ts";

export type Change = { readonly offset: number; readonly streamTimeMs: number };

/** Offset of the event that began the next chunk, and up to which time events of the key were given up just before. */
export type Successor = { readonly offset: number; readonly givenUpMs: number };

export class DirtyChunks {
  readonly #keys: KeyRecords;
  readonly #queue = new DirtyQueue();
  /** Dirty ones that are full, by name(); whether a key's newest chunk is dirty stands in its record. */
  readonly #full = new Set<string>();
  /** Of full chunks, until the chunk after is written: how it stood when that one's first event arrived. */
  readonly #successors = new Map<string, Successor>();

  constructor(keys: KeyRecords) {
    this.#keys = keys;
  }

  /** The event of this number has arrived, and is counted in the key's record. `givenUpMs`, `streamTimeMs`: just before. */
  arrived(key: number, number: number, offset: number, givenUpMs: number, streamTimeMs: number): void {
    const ordinal = Math.floor(number / CHUNK_EVENTS);
    if (number % CHUNK_EVENTS === 0 && number > 0) {
      const before = name(key, ordinal - 1);
      this.#successors.set(before, { offset, givenUpMs });
      if (this.#keys.isNewestDirty(key)) this.#full.add(before);
      this.#keys.setNewestDirty(key, false);
    }
    this.mark(key, ordinal, offset, streamTimeMs);
  }

  /** `streamTimeMs`: just before the change. */
  mark(key: number, ordinal: number, offset: number, streamTimeMs: number): void {
    if (this.#isDirty(key, ordinal)) return;
    if (ordinal === this.#keys.newestChunk(key)) this.#keys.setNewestDirty(key, true);
    else this.#full.add(name(key, ordinal));
    this.#queue.push(key, ordinal, offset, streamTimeMs);
  }

  /** The oldest change of all; null if there is none. */
  get oldest(): Change | null {
    if (!this.#findOldest()) return null;
    return { offset: this.#queue.offset, streamTimeMs: this.#queue.streamTimeMs };
  }

  /** Whether replay would begin after this offset. */
  isPast(offset: number): boolean {
    return !this.#findOldest() || this.#queue.offset > offset;
  }

  /** Stream time where replay would begin; `nowMs` if there is nothing to replay. */
  replayTimeMs(nowMs: number): number {
    return this.#findOldest() ? this.#queue.streamTimeMs : nowMs;
  }

  /** The chunk of the oldest change, clean from now on; null if there is none. */
  take(): { readonly key: number; readonly ordinal: number } | null {
    if (!this.#findOldest()) return null;
    const { key, ordinal } = this.#queue;
    this.#queue.shift();
    this.#clean(key, ordinal);
    return { key, ordinal };
  }

  /** Null for the newest chunk, and for one whose successor is in the topic already. */
  successor(key: number, ordinal: number): Successor | null {
    if (ordinal === this.#keys.newestChunk(key)) return null;
    return this.#successors.get(name(key, ordinal)) ?? null;
  }

  /** Passes over entries of chunks that are gone or clean. */
  #findOldest(): boolean {
    for (; !this.#queue.empty; this.#queue.shift()) {
      const { key, ordinal } = this.#queue;
      const isThere = this.#keys.inUse(key) && this.#keys.kept(key) > 0 && ordinal >= this.#keys.base(key);
      if (isThere && this.#isDirty(key, ordinal)) return true;
      this.#clean(key, ordinal);
    }
    return false;
  }

  #isDirty(key: number, ordinal: number): boolean {
    if (ordinal === this.#keys.newestChunk(key)) return this.#keys.isNewestDirty(key);
    return this.#full.size > 0 && this.#full.has(name(key, ordinal));
  }

  /**
   * Its entry is out of the queue. The numbers of keys that are gone are used again, so an old entry can meet a new key:
   * it is then written sooner than it need be. A change that is marked always has an entry at or before it.
   */
  #clean(key: number, ordinal: number): void {
    if (this.#keys.inUse(key) && ordinal === this.#keys.newestChunk(key)) this.#keys.setNewestDirty(key, false);
    if (this.#full.size > 0) this.#full.delete(name(key, ordinal));
    if (this.#successors.size > 0) this.#successors.delete(name(key, ordinal - 1));
  }
}

function name(key: number, ordinal: number): string {
  return `${key}/${ordinal}`;
}
