/**
 * The keyed state of one partition: event times by key, counted exactly, persisted as rolling chunks.
 *
 * What it keeps:
 * - Counts depend on the events applied and on stream time alone. Every question has the lower bound
 *   streamTime - horizon, and only what lies at or before it is ever evicted, so when eviction happens,
 *   or whether a restore brought expired events back, can never be seen.
 * - Chunks of a key are written in the order in which they became dirty. A chunk whose successor is not
 *   written yet is as of the successor's first event, so the last chunk in the topic always says from
 *   which offset on the key has to be replayed.
 * - Tombstones go out from the front of a key. Until they all have, the key keeps counting its chunks up:
 *   no chunk that is still in the topic gets a second meaning.
 */
import {
  CHUNK_EVENTS,
  type Chunk,
  CorruptChunk,
  chunkRecordKey,
  decodeChunk,
  encodeChunk,
  identityHash,
  parseChunkKey,
} from "./chunk.ts";
import { type Dirty, KeyTimes } from "./key-times.ts";

/** What a decided record leaves behind. */
export type WindowEvent = { readonly key: string; readonly timeMs: number };

export type ChunkRecord = { readonly key: Buffer; readonly value: Buffer | null };

export class WindowState {
  readonly #horizonMs: number;
  readonly #identity: Buffer;
  readonly #keys = new Map<string, KeyTimes>();
  /** Oldest first. Entries of chunks that were evicted since stay until they come to the front. */
  readonly #dirty = new Queue<Dirty>();
  /** Keys with chunks in the topic that are no longer kept, longest-waiting first. */
  readonly #graves = new Set<KeyTimes>();
  /** Chunks as loaded, until loaded(). */
  #loading: Map<string, Map<number, Chunk>> | null = new Map();
  #streamTimeMs = -1;
  #sweep: MapIterator<KeyTimes>;

  /** `horizonMs`: no question may reach further back from stream time. */
  constructor(identity: string, horizonMs: number) {
    if (!(horizonMs > 0)) throw new RangeError(`horizon must be > 0 ms, got ${horizonMs}`);
    this.#horizonMs = horizonMs;
    this.#identity = identityHash(identity);
    this.#sweep = this.#keys.values();
  }

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get keys(): number {
    return this.#keys.size;
  }

  get replayFrom(): { readonly offset: number; readonly streamTimeMs: number } | null {
    const oldest = this.#oldestDirty();
    return oldest === undefined ? null : { offset: oldest.offset, streamTimeMs: oldest.streamTimeMs };
  }

  /** Events applied of `key` in (timeMs - windowMs, timeMs], written to `into` for each window in turn. */
  countInto(into: number[], key: string, timeMs: number, windowsMs: readonly number[]): void {
    const times = this.#keys.get(key);
    const floorMs = Math.max(this.#streamTimeMs, timeMs) - this.#horizonMs;
    for (let index = 0; index < windowsMs.length; index += 1) {
      const afterMs = Math.max(timeMs - (windowsMs[index] as number), floorMs);
      into[index] = times === undefined ? 0 : times.count(afterMs, timeMs);
    }
  }

  /** Stream time moves for every event; only those that no loaded chunk has are added. */
  apply({ key, timeMs }: WindowEvent, offset: number): void {
    if (this.#loading !== null) this.loaded(-1);
    const streamTimeBefore = this.#streamTimeMs;
    if (timeMs > streamTimeBefore) this.#streamTimeMs = timeMs;
    const expiredMs = this.#expiredMs;
    const times = this.#timesOf(key);
    if (offset >= times.asOf) {
      this.#markDirty(times, offset, streamTimeBefore);
      times.append(timeMs, expiredMs);
      if (times.length > CHUNK_EVENTS) this.#evict(times, expiredMs);
    }
    this.#sweepOne(expiredMs);
  }

  /** Oldest changes first; a quarter is kept for tombstones, and they take what is left over. */
  takeSnapshot(limit: number, asOf: number): ChunkRecord[] {
    const records: ChunkRecord[] = [];
    const forTombstones = this.#graves.size > 0 ? limit >> 2 : 0;
    while (records.length < limit - forTombstones) {
      const oldest = this.#oldestDirty();
      if (oldest === undefined) break;
      this.#dirty.shift();
      records.push(this.#writeChunk(oldest, asOf));
    }
    for (const times of this.#graves) {
      while (records.length < limit && hasGraves(times)) {
        records.push({ key: chunkRecordKey(times.key, times.bottom), value: null });
        times.bottom += 1;
      }
      if (hasGraves(times)) break;
      this.#graves.delete(times);
      if (times.length === 0) this.#keys.delete(times.key);
    }
    return records;
  }

  /** In the order of the topic: the later of one key wins. Chunks of another identity are passed over. */
  load(recordKey: Buffer, value: Buffer | null): void {
    if (this.#loading === null) throw new Error("load() after loaded()");
    const { key, ordinal } = parseChunkKey(recordKey);
    const chunk = value === null ? null : decodeChunk(recordKey, this.#identity, value);
    const chunks = this.#loading.get(key);
    if (chunk === null) chunks?.delete(ordinal);
    else if (chunks === undefined) this.#loading.set(key, new Map([[ordinal, chunk]]));
    else chunks.set(ordinal, chunk);
  }

  loaded(streamTimeMs: number): void {
    if (this.#loading === null) throw new Error("loaded() twice");
    for (const [key, chunks] of this.#loading) if (chunks.size > 0) this.#assemble(key, chunks);
    this.#loading = null;
    this.#streamTimeMs = streamTimeMs;
  }

  /** What can still be counted: each key's live times in order, keys in order. For tests and inspection. */
  canonical(): { readonly streamTimeMs: number; readonly keys: readonly (readonly [string, readonly number[]])[] } {
    const keys: [string, number[]][] = [];
    for (const times of this.#keys.values()) {
      const live = times.live(this.#expiredMs);
      if (live.length > 0) keys.push([times.key, live]);
    }
    return { streamTimeMs: this.#streamTimeMs, keys: keys.sort(([a], [b]) => (a < b ? -1 : 1)) };
  }

  get #expiredMs(): number {
    return this.#streamTimeMs - this.#horizonMs;
  }

  #timesOf(key: string): KeyTimes {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    // A copy: the key may be a slice that would keep its whole message alive.
    const times = new KeyTimes(Buffer.from(key).toString());
    this.#keys.set(times.key, times);
    return times;
  }

  #markDirty(times: KeyTimes, offset: number, streamTimeMs: number): void {
    const ordinal = times.openChunk;
    const newest = times.newestDirty;
    if (newest !== null) {
      if (newest.ordinal === ordinal) return;
      newest.closedAt = offset;
    }
    const dirty: Dirty = { times, ordinal, offset, streamTimeMs, closedAt: -1 };
    times.newestDirty = dirty;
    this.#dirty.push(dirty);
  }

  #oldestDirty(): Dirty | undefined {
    for (;;) {
      const oldest = this.#dirty.first;
      if (oldest === undefined || oldest.ordinal >= oldest.times.base) return oldest;
      this.#dirty.shift();
      settle(oldest);
    }
  }

  #writeChunk(dirty: Dirty, asOf: number): ChunkRecord {
    const { times, ordinal, closedAt } = dirty;
    settle(dirty);
    const key = chunkRecordKey(times.key, ordinal);
    const chunk = { asOf: closedAt >= 0 ? closedAt : asOf, base: times.base, times: times.chunk(ordinal) };
    if (times.top <= times.bottom) times.bottom = ordinal;
    times.top = Math.max(times.top, ordinal + 1);
    return { key, value: encodeChunk(key, this.#identity, chunk) };
  }

  #evict(times: KeyTimes, expiredMs: number): void {
    if (!times.dropExpired(expiredMs)) return;
    if (hasGraves(times)) this.#graves.add(times);
    else if (times.length === 0) this.#keys.delete(times.key);
  }

  /** One key an event: idle keys are found within one turn of the population, at a bounded cost each. */
  #sweepOne(expiredMs: number): void {
    const next = this.#sweep.next();
    if (next.done === true) this.#sweep = this.#keys.values();
    else if (next.value.maxMs <= expiredMs) this.#evict(next.value, expiredMs);
  }

  #assemble(key: string, chunks: ReadonlyMap<number, Chunk>): void {
    const ordinals = [...chunks.keys()].sort((a, b) => a - b);
    const last = ordinals.at(-1) as number;
    const { asOf, base } = chunks.get(last) as Chunk;
    const kept = ordinals.filter((ordinal) => ordinal >= base);
    const times = new KeyTimes(key);
    times.asOf = asOf;
    times.base = kept[0] as number;
    times.bottom = ordinals[0] as number;
    times.top = last + 1;
    for (const [index, ordinal] of kept.entries()) {
      const chunk = chunks.get(ordinal) as Chunk;
      if (ordinal !== times.base + index)
        throw new CorruptChunk(`chunk ${times.base + index} of a key is missing before ${ordinal}`);
      if (ordinal < last && chunk.times.length !== CHUNK_EVENTS)
        throw new CorruptChunk(`chunk ${ordinal} of a key has ${chunk.times.length} events and a successor`);
      for (const timeMs of chunk.times) times.append(timeMs, -1);
    }
    this.#keys.set(key, times);
    if (hasGraves(times)) this.#graves.add(times);
  }
}

/** The entry is out of the queue: the next event of its chunk makes another. */
function settle(dirty: Dirty): void {
  if (dirty.times.newestDirty === dirty) dirty.times.newestDirty = null;
}

/** Whether the topic may hold chunks that are no longer kept. */
function hasGraves({ bottom, base, top }: KeyTimes): boolean {
  return bottom < Math.min(base, top);
}

/** First in, first out; room is taken back as it moves on. */
class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): void {
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head < 1_024 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
