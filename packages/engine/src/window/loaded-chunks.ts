/** What the chunks of a snapshot said, by key, until replay has passed them: 64 bytes a chunk, and no object for any. */
import type { ChunkHeader } from "./chunk.ts";
import { Slabs } from "./slabs.ts";

const RECORD_BYTES = 56;
const F64 = { asOf: 0, successor: 1, givenUp: 2, greatest: 3 } as const;
const U32 = { newest: 8, ordinal: 9, base: 10, first: 11, count: 12, before: 13 } as const;
const HEAD_BYTES = 8;

export class LoadedChunks {
  readonly #records = new Slabs(RECORD_BYTES);
  /** By key: its chunk of the greatest ordinal, from which they are chained by falling ordinals. */
  readonly #heads = new Slabs(HEAD_BYTES);
  #lastKey = 0;
  #asOf = 0;

  /** No chunk is as of a later offset. */
  get asOf(): number {
    return this.#asOf;
  }

  /** The key's chunk of the greatest ordinal; 0 if it has none. */
  latest(key: number): number {
    return key === 0 || key > this.#lastKey ? 0 : (this.#heads.slab(key).u32[this.#heads.byte(key) >>> 2] as number);
  }

  /** The key's chunks by rising ordinals. */
  of(key: number): number[] {
    const chunks: number[] = [];
    for (let chunk = this.latest(key); chunk !== 0; chunk = this.#u32(chunk, U32.before)) chunks.push(chunk);
    return chunks.reverse();
  }

  /** 0 if there is none. */
  find(key: number, ordinal: number): number {
    let chunk = this.latest(key);
    while (chunk !== 0 && this.ordinal(chunk) > ordinal) chunk = this.#u32(chunk, U32.before);
    return chunk !== 0 && this.ordinal(chunk) === ordinal ? chunk : 0;
  }

  /** For a key that has none of this ordinal. `newest`: of the chunk's own blocks; `greatestMs`: of its events. */
  add(key: number, ordinal: number, header: ChunkHeader, count: number, newest: number, greatestMs: number): number {
    const chunk = this.#records.take();
    const { f64, u32 } = this.#records.slab(chunk);
    const byte = this.#records.byte(chunk);
    f64[(byte >>> 3) + F64.asOf] = header.asOf;
    f64[(byte >>> 3) + F64.successor] = header.successorOffset;
    f64[(byte >>> 3) + F64.givenUp] = header.givenUpMs;
    f64[(byte >>> 3) + F64.greatest] = greatestMs;
    u32[(byte >>> 2) + U32.newest] = newest;
    u32[(byte >>> 2) + U32.ordinal] = ordinal;
    u32[(byte >>> 2) + U32.base] = header.base;
    u32[(byte >>> 2) + U32.first] = header.first;
    u32[(byte >>> 2) + U32.count] = count;
    this.#asOf = Math.max(this.#asOf, header.asOf);
    this.#heads.reach(key);
    this.#lastKey = Math.max(this.#lastKey, key);
    let [after, before] = [0, this.latest(key)];
    while (before !== 0 && this.ordinal(before) > ordinal) {
      after = before;
      before = this.#u32(before, U32.before);
    }
    u32[(byte >>> 2) + U32.before] = before;
    this.#link(key, after, chunk);
    return chunk;
  }

  /** Its blocks are the caller's. */
  remove(key: number, chunk: number): void {
    let after = 0;
    for (let other = this.latest(key); other !== chunk; other = this.#u32(other, U32.before)) after = other;
    this.#link(key, after, this.#u32(chunk, U32.before));
    this.#records.give(chunk);
  }

  /** The key is gone: its number will be another's. */
  forget(key: number): void {
    for (let chunk = this.latest(key); chunk !== 0; chunk = this.latest(key)) this.remove(key, chunk);
  }

  /** Offset from which on the log has transactions of the key that are in no chunk; -1 if it has no chunk. */
  newsFrom(key: number): number {
    const chunk = this.latest(key);
    if (chunk === 0) return -1;
    const successorOffset = this.#f64(chunk, F64.successor);
    return successorOffset >= 0 ? successorOffset : this.#f64(chunk, F64.asOf);
  }

  /** The same of labels of one chunk's transactions. */
  labelNewsFrom(key: number, ordinal: number): number {
    const chunk = this.find(key, ordinal);
    return chunk === 0 ? -1 : this.#f64(chunk, F64.asOf);
  }

  givenUpMs(chunk: number): number {
    return this.#f64(chunk, F64.givenUp);
  }

  greatestMs(chunk: number): number {
    return this.#f64(chunk, F64.greatest);
  }

  newest(chunk: number): number {
    return this.#u32(chunk, U32.newest);
  }

  ordinal(chunk: number): number {
    return this.#u32(chunk, U32.ordinal);
  }

  base(chunk: number): number {
    return this.#u32(chunk, U32.base);
  }

  /** Events that were gone from its front. */
  first(chunk: number): number {
    return this.#u32(chunk, U32.first);
  }

  count(chunk: number): number {
    return this.#u32(chunk, U32.count);
  }

  #link(key: number, after: number, chunk: number): void {
    if (after === 0) this.#heads.slab(key).u32[this.#heads.byte(key) >>> 2] = chunk;
    else this.#records.slab(after).u32[(this.#records.byte(after) >>> 2) + U32.before] = chunk;
  }

  #f64(chunk: number, at: number): number {
    return this.#records.slab(chunk).f64[(this.#records.byte(chunk) >>> 3) + at] as number;
  }

  #u32(chunk: number, at: number): number {
    return this.#records.slab(chunk).u32[(this.#records.byte(chunk) >>> 2) + at] as number;
  }
}
