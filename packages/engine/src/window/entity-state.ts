/**
 * The state of one entity in one partition: the events of each key, asked by features, persisted as rolling chunks.
 *
 * What it keeps:
 * - Answers depend on the events applied and on stream time alone. Every question has the lower bound
 *   streamTime - horizon, and only what lies at or before it is ever evicted, so when eviction happens, or whether a
 *   restore brought expired events back, can never be seen. A key with more than maxLiveEvents live ones has a later
 *   bound of its own, the time up to which events were given up, which its chunks carry.
 * - Chunks of a key are first written in the order of their ordinals, and each says from which offset on the log has
 *   news for it: of events the newest chunk in the topic, of labels the chunk that the labelled event is in. A label
 *   makes that chunk dirty again.
 * - Tombstones go out from the front of a key. Until they all have, the key keeps counting its chunks up: no chunk that
 *   is still in the topic gets a second meaning.
 */
import type { Feature } from "../feature.ts";
import { chunkRecordKey } from "./chunk.ts";
import { currencyCode, currencyOf } from "./currency-code.ts";
import { DirtyQueue } from "./dirty-queue.ts";
import { EventBlocks, type EventRow, textColumns } from "./event-blocks.ts";
import { CHUNK_EVENTS, encodeChunk, identityHash } from "./event-chunk.ts";
import { Hash } from "./hash.ts";
import { HotKey } from "./hot-key.ts";
import { KeyRecords } from "./key-records.ts";
import { type EntityLayout, readsLabels } from "./layout.ts";
import { type LoadedChunk, Loader } from "./loader.ts";
import { Newest } from "./newest.ts";
import type { Duplicate, Labelling, Observation, Origin, StateEvent } from "./observation.ts";
import { featureValue, openWindows, type Questions, questionsOf, type Window } from "./question.ts";
import { tallyEvent } from "./summary-tree.ts";

export type ChunkRecord = { readonly key: Buffer; readonly value: Buffer | null };

/** Above this many kept events a key gets an index, below the other it loses it. */
export const HOT_EVENTS = 256;
const COOL_EVENTS = 64;
/** Blocks that one event may free of a hot key, so that no event pays for a long silence. */
const FREED_AT_ONCE = 64;
const ID_SEED = 2;
const ORIGIN_SEED = 3;
const PAYLOAD_SEED = 4;

export class EntityState {
  readonly #layout: EntityLayout;
  readonly #identity: Buffer;
  readonly #questions: Questions;
  readonly #blocks: EventBlocks;
  readonly #keys = new KeyRecords();
  readonly #hot = new Map<number, HotKey>();
  /** Times up to which events of a key were given up. */
  readonly #givenUpMs = new Map<number, number>();
  readonly #dirty = new DirtyQueue();
  /** Chunks that are full, by chunkName(): those with unwritten changes, and the offset of the next chunk's first event
   *  until that chunk is written. */
  readonly #dirtyFull = new Set<string>();
  readonly #successorOffset = new Map<string, number>();
  /** Keys with chunks in the topic that are no longer kept, longest-waiting first. */
  readonly #graves = new Set<number>();
  #loader: Loader | null;
  /** Until replay has passed them: the chunks that were loaded, and the greatest offset that any is as of. */
  #loadedChunks: Map<number, LoadedChunk[]> | null = null;
  #loadedAsOf = 0;
  #streamTimeMs = -1;
  #sweepAt = 0;
  readonly #row: EventRow;
  readonly #ownValues: Float64Array;
  readonly #hash = new Hash();

  /** `features`: those of this entity, in the order in which ask() answers them. */
  constructor(identity: string, layout: EntityLayout, features: readonly Feature[]) {
    if (!(layout.horizonMs >= 0)) throw new RangeError(`horizon must be >= 0 ms, got ${layout.horizonMs}`);
    this.#layout = layout;
    this.#identity = identityHash(identity);
    this.#questions = questionsOf(features, layout.columns);
    this.#blocks = new EventBlocks(layout);
    this.#ownValues = new Float64Array(layout.columns.length);
    this.#row = {
      timeMs: 0,
      amountMinor: 0,
      currency: 0,
      texts: new Uint32Array(textColumns(layout).length),
      idLow: 0,
      idHigh: 0,
      payload: 0,
      partition: 0,
      offset: 0,
    };
    this.#loader = new Loader(this.#identity, this.#keys, this.#blocks, this.#row);
  }

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get keys(): number {
    return this.#keys.count;
  }

  get replayFrom(): { readonly offset: number; readonly streamTimeMs: number } | null {
    if (!this.#findDirty()) return null;
    return { offset: this.#dirty.offset, streamTimeMs: this.#dirty.streamTimeMs };
  }

  /** Such an event is decided and flagged; apply() passes it over. */
  isLate(timeMs: number): boolean {
    return timeMs < this.#streamTimeMs - this.#layout.latenessMs;
  }

  /**
   * Writes the value of its i-th feature to into[at + i]; NaN = missing. A transaction that lacks the entity has no
   * past: it is asked about itself alone.
   */
  ask(observation: Observation, into: Float64Array, at = 0): void {
    const { asked } = this.#questions;
    this.#gather(observation);
    for (let index = 0; index < asked.length; index += 1)
      into[at + index] = featureValue(asked[index] as (typeof asked)[number], observation, this.#ownValues);
  }

  /**
   * Whether some answer to it may miss events that were given up because the key had too many: a window of it reaches
   * back to where they lay. Duplicates of such events are no longer known either.
   */
  approximate(observation: Observation): boolean {
    if (this.#givenUpMs.size === 0) return false;
    const givenUpMs = this.#givenUpMs.get(this.#keyOf(observation)) ?? -1;
    const { timeMs } = observation;
    const floorMs = this.#floorMs(timeMs);
    return this.#questions.windows.some(({ windowMs, delayMs }) => {
      const untilMs = timeMs - delayMs;
      return Math.max(untilMs - windowMs, floorMs) < Math.min(untilMs, givenUpMs);
    });
  }

  /**
   * Origins of the earlier transactions that its `index`-th feature's value is about, newest first: of fraud features
   * the frauds, of distinct those that have the field, of sinceLast the last. None where the layout keeps no ids.
   */
  contributors(index: number, observation: Observation, limit = 20): Origin[] {
    const key = this.#keyOf(observation);
    const asked = this.#questions.asked[index];
    if (asked === undefined) throw new RangeError(`this entity has no feature ${index}`);
    if (key === 0 || !this.#layout.ids) return [];
    const { feature, window, distinct } = asked;
    openWindows(this.#questions, observation.timeMs, this.#keyFloorMs(key, observation.timeMs));
    this.#readOwnValues(observation);
    const passes = (event: number): boolean => {
      if (readsLabels(feature)) return this.#blocks.isFraud(event, observation.timeMs);
      if (feature.aggregate === "seen")
        return this.#ownValues[this.#layout.columns.indexOf(feature.field as "target")] !== 0;
      return distinct === null || this.#blocks.value(event, distinct.column) !== 0;
    };
    const newest = new Newest(feature.aggregate === "sinceLast" ? Math.min(1, limit) : limit);
    const hot = this.#hot.get(key);
    if (hot !== undefined) hot.newest(window, this.#ownValues, newest, passes);
    else
      this.#eachBack(key, window.afterMs, (event, timeMs) => {
        if (timeMs <= window.untilMs && this.#isWanted(event, window.need) && passes(event))
          newest.offer(event, timeMs);
      });
    return newest.events.map((event) => this.#originOf(event));
  }

  /** The live transaction of the same key and `id`, if the layout keeps ids. */
  duplicateOf(observation: Observation): Duplicate | null {
    const event = this.#duplicateEvent(observation);
    if (event < 0) return null;
    return { origin: this.#originOf(event), samePayload: this.#blocks.payload(event) === this.#payloadOf(observation) };
  }

  /** Whether the label finds its transaction. */
  matches(label: Labelling): boolean {
    return this.#labelledEvent(label) >= 0;
  }

  /** Every decoded transaction goes in: what is late or a duplicate moves stream time at most and is not kept. */
  apply(event: StateEvent, offset: number): void {
    if (this.#loader !== null) this.loaded(-1);
    if (offset >= this.#loadedAsOf) this.#loadedChunks = null;
    if (event.kind === "label") this.#applyLabel(event, offset);
    else if (!this.isLate(event.timeMs)) this.#applyTransaction(event, offset);
    this.#sweep();
  }

  /** Oldest changes first; a quarter is kept for tombstones, and they take what is left over. */
  takeSnapshot(limit: number, asOf: number): ChunkRecord[] {
    const records: ChunkRecord[] = [];
    const forTombstones = this.#graves.size > 0 ? limit >> 2 : 0;
    while (records.length < limit - forTombstones && this.#findDirty()) {
      const { key, ordinal } = this.#dirty;
      this.#dirty.shift();
      records.push(this.#writeChunk(key, ordinal, asOf));
    }
    for (const key of this.#graves) {
      while (records.length < limit && this.#keys.hasGraves(key)) {
        const bottom = this.#keys.bottom(key);
        records.push({ key: chunkRecordKey(this.#keys.text(key), bottom), value: null });
        this.#keys.setWritten(key, bottom + 1, this.#keys.top(key));
      }
      if (this.#keys.hasGraves(key)) break;
      this.#graves.delete(key);
      if (this.#keys.kept(key) === 0) this.#removeKey(key);
    }
    return records;
  }

  /** In the order of the topic: the later of one key wins. Chunks of another identity are passed over. */
  load(recordKey: Buffer, value: Buffer | null): void {
    if (this.#loader === null) throw new Error("load() after loaded()");
    this.#loader.load(recordKey, value);
  }

  loaded(streamTimeMs: number): void {
    if (this.#loader === null) throw new Error("loaded() twice");
    this.#loadedChunks = this.#loader.assemble();
    this.#loader = null;
    this.#streamTimeMs = streamTimeMs;
    for (const [key, chunks] of this.#loadedChunks) {
      for (const { header } of chunks) {
        this.#loadedAsOf = Math.max(this.#loadedAsOf, header.asOf);
        if (header.givenUpMs > (this.#givenUpMs.get(key) ?? -1)) this.#givenUpMs.set(key, header.givenUpMs);
      }
      if (this.#keys.hasGraves(key)) this.#graves.add(key);
      if (this.#keys.kept(key) > HOT_EVENTS) this.#index(key);
    }
  }

  /** All that can still be asked about, in an order of its own. For tests and inspection. */
  canonical(): { readonly streamTimeMs: number; readonly keys: readonly (readonly [string, unknown])[] } {
    const keys: [string, unknown][] = [];
    for (let key = 1; key <= this.#keys.last; key += 1) {
      if (!this.#keys.inUse(key)) continue;
      const floorMs = this.#keyFloorMs(key, -1);
      const events = this.#eventsOf(key).filter((event) => this.#blocks.timeMs(event) > floorMs);
      const givenUpMs = floorMs > this.#floorMs(-1) ? { givenUpMs: floorMs } : {};
      if (events.length === 0 && !("givenUpMs" in givenUpMs)) continue;
      keys.push([this.#keys.text(key), { ...givenUpMs, events: events.map((event) => this.#describe(event)) }]);
    }
    return { streamTimeMs: this.#streamTimeMs, keys: keys.sort(([a], [b]) => (a < b ? -1 : 1)) };
  }

  #applyTransaction(event: Observation, offset: number): void {
    const streamTimeMs = this.#streamTimeMs;
    const text = event.transaction[this.#layout.entity];
    const duplicate = text !== null && this.#duplicateEvent(event) >= 0;
    if (event.timeMs > streamTimeMs) this.#streamTimeMs = event.timeMs;
    if (duplicate || text === null) return;
    const known = this.#keys.find(text);
    if (known !== 0 && this.#isLoaded(known, offset)) return;
    if (event.timeMs <= this.#keyFloorMs(known, -1)) return;
    const key = known === 0 ? this.#keys.findOrAdd(text) : known;
    this.#store(key, event, offset, streamTimeMs);
  }

  #store(key: number, event: Observation, offset: number, streamTimeMs: number): void {
    this.#makeRoom(key);
    this.#fillRow(event);
    const number = this.#keys.nextNumber(key);
    const newest = this.#keys.newest(key);
    const fresh = number % CHUNK_EVENTS === 0;
    const stored = this.#blocks.append(newest, this.#row, this.#keys.greatestMs(key), number, fresh);
    this.#keys.setNewest(key, stored >>> 3);
    this.#keys.setKept(key, this.#keys.kept(key) + 1);
    this.#keys.setNextNumber(key, number + 1);
    if (event.timeMs > this.#keys.greatestMs(key)) this.#keys.setGreatestMs(key, event.timeMs);
    this.#markArrival(key, number, offset, streamTimeMs);
    const hot = this.#hot.get(key);
    if (hot !== undefined) hot.append(stored, event.timeMs);
    else if (this.#keys.kept(key) > HOT_EVENTS) this.#index(key);
    if (this.#keys.kept(key) > this.#layout.maxLiveEvents) this.#giveUp(key);
  }

  /** Before an event is stored: lets go of blocks in which all has expired, when the event may need a new one. */
  #makeRoom(key: number): void {
    const floorMs = this.#keyFloorMs(key, -1);
    if (this.#hot.has(key)) this.#trimHot(key, floorMs);
    else {
      const newest = this.#keys.newest(key);
      if (newest !== 0 && this.#blocks.count(newest) === 8) this.#trim(key, floorMs);
    }
  }

  #trim(key: number, floorMs: number): void {
    let [after, block] = [0, this.#keys.newest(key)];
    while (block !== 0 && this.#blocks.prefixMs(block) > floorMs) {
      after = block;
      block = this.#blocks.previous(block);
    }
    if (block === 0) return;
    if (after === 0) this.#keys.setNewest(key, 0);
    else this.#blocks.setPrevious(after, 0);
    let freed = 0;
    while (block !== 0) {
      const previous = this.#blocks.previous(block);
      freed += this.#blocks.count(block);
      this.#blocks.free(block);
      block = previous;
    }
    this.#keys.setKept(key, this.#keys.kept(key) - freed);
    if (this.#keys.hasGraves(key)) this.#graves.add(key);
  }

  #trimHot(key: number, floorMs: number): void {
    const hot = this.#hot.get(key) as HotKey;
    let kept = this.#keys.kept(key);
    for (let turn = 0; turn < FREED_AT_ONCE && kept > 0; turn += 1) {
      const block = hot.first >>> 3;
      if (this.#blocks.prefixMs(block) > floorMs) break;
      const count = this.#blocks.count(block);
      for (let event = 0; event < count; event += 1) hot.removeFirst();
      this.#blocks.free(block);
      kept -= count;
      if (kept > 0) this.#blocks.setPrevious(hot.first >>> 3, 0);
      else this.#keys.setNewest(key, 0);
    }
    this.#keys.setKept(key, kept);
    if (kept < COOL_EVENTS) this.#hot.delete(key);
    if (this.#keys.hasGraves(key)) this.#graves.add(key);
  }

  #index(key: number): void {
    const { amounts, labels } = this.#layout;
    const squares = this.#questions.windows.some((window) => window.squares);
    const hot = new HotKey(this.#blocks, this.#questions, { amounts, squares, labels });
    for (const event of this.#eventsOf(key)) hot.append(event, this.#blocks.timeMs(event));
    this.#hot.set(key, hot);
  }

  /** The oldest instants of the key go until no more than maxLiveEvents live. */
  #giveUp(key: number): void {
    for (;;) {
      const floorMs = this.#keyFloorMs(key, -1);
      const hot = this.#hot.get(key);
      const timesMs = hot === undefined ? this.#timesAfter(key, floorMs) : null;
      const live = hot === undefined ? (timesMs as number[]).length : hot.live(floorMs);
      if (live <= this.#layout.maxLiveEvents) return;
      const oldestMs = hot === undefined ? Math.min(...(timesMs as number[])) : hot.oldestMs(floorMs);
      this.#givenUpMs.set(key, oldestMs);
    }
  }

  #applyLabel(label: Labelling, offset: number): void {
    if (!this.#layout.labels) return;
    const event = this.#labelledEvent(label);
    if (event < 0) return;
    const key = this.#keys.find(label.key);
    const next = this.#keys.nextNumber(key);
    const number = next - ((next - this.#blocks.number(event)) >>> 0);
    const ordinal = Math.floor(number / CHUNK_EVENTS);
    const loaded = this.#loadedChunks?.get(key)?.find((chunk) => chunk.ordinal === ordinal);
    if (loaded !== undefined && offset < loaded.header.asOf) return;
    const before = this.#blocks.changes(event);
    const changes = before.filter((changeMs) => changeMs < label.labelledAtMs);
    if ((changes.length % 2 === 1) !== label.fraud) changes.push(label.labelledAtMs);
    if (changes.length === before.length && changes.at(-1) === before.at(-1)) return;
    this.#blocks.setChanges(event, changes);
    this.#hot.get(key)?.relabel(event);
    this.#markDirty(key, ordinal, offset, this.#streamTimeMs);
  }

  #markArrival(key: number, number: number, offset: number, streamTimeMs: number): void {
    const ordinal = Math.floor(number / CHUNK_EVENTS);
    if (number % CHUNK_EVENTS === 0 && number > 0) {
      const full = chunkName(key, ordinal - 1);
      this.#successorOffset.set(full, offset);
      if (this.#keys.isOpenDirty(key)) this.#dirtyFull.add(full);
      this.#keys.setOpenDirty(key, false);
    }
    this.#markDirty(key, ordinal, offset, streamTimeMs);
  }

  #markDirty(key: number, ordinal: number, offset: number, streamTimeMs: number): void {
    if (this.#isDirty(key, ordinal)) return;
    if (ordinal === this.#keys.newestChunk(key)) this.#keys.setOpenDirty(key, true);
    else this.#dirtyFull.add(chunkName(key, ordinal));
    this.#dirty.push(key, ordinal, offset, streamTimeMs);
  }

  #isDirty(key: number, ordinal: number): boolean {
    if (ordinal === this.#keys.newestChunk(key)) return this.#keys.isOpenDirty(key);
    return this.#dirtyFull.size > 0 && this.#dirtyFull.has(chunkName(key, ordinal));
  }

  /** Brings the longest-waiting change to the front of the queue, past entries of chunks that are gone. */
  #findDirty(): boolean {
    for (; !this.#dirty.empty; this.#dirty.shift()) {
      const { key, ordinal } = this.#dirty;
      const there = this.#keys.inUse(key) && this.#keys.kept(key) > 0 && ordinal >= this.#keys.base(key);
      if (there && this.#isDirty(key, ordinal)) return true;
      this.#markClean(key, ordinal);
    }
    return false;
  }

  /**
   * The chunk's entry is out of the queue. Keys are numbered again when they are gone, so an old entry can meet a new
   * key: it is then written sooner than it need be, and a change that is marked always has an entry at or before it.
   */
  #markClean(key: number, ordinal: number): void {
    if (ordinal === this.#keys.newestChunk(key) && this.#keys.inUse(key)) this.#keys.setOpenDirty(key, false);
    if (this.#dirtyFull.size > 0) this.#dirtyFull.delete(chunkName(key, ordinal));
    if (this.#successorOffset.size > 0) this.#successorOffset.delete(chunkName(key, ordinal - 1));
  }

  #writeChunk(key: number, ordinal: number, asOf: number): ChunkRecord {
    this.#markClean(key, ordinal);
    const recordKey = chunkRecordKey(this.#keys.text(key), ordinal);
    const firstNumber = Math.max(this.#firstNumber(key), ordinal * CHUNK_EVENTS);
    const header = {
      asOf,
      successorOffset:
        ordinal === this.#keys.newestChunk(key) ? -1 : (this.#successorOffset.get(chunkName(key, ordinal)) ?? -1),
      givenUpMs: this.#givenUpMs.get(key) ?? -1,
      base: this.#keys.base(key),
      first: firstNumber - ordinal * CHUNK_EVENTS,
    };
    const from = firstNumber - this.#firstNumber(key);
    const count = Math.min((ordinal + 1) * CHUNK_EVENTS, this.#keys.nextNumber(key)) - firstNumber;
    const hot = this.#hot.get(key);
    const events =
      hot === undefined
        ? this.#eventsOf(key).slice(from, from + count)
        : Array.from({ length: count }, (_, index) => hot.at(from + index));
    const [bottom, top] = [this.#keys.bottom(key), this.#keys.top(key)];
    this.#keys.setWritten(key, top <= bottom ? ordinal : bottom, Math.max(top, ordinal + 1));
    return {
      key: recordKey,
      value: encodeChunk(recordKey, this.#identity, header, events, this.#blocks, this.#row),
    };
  }

  /** One key an event: idle keys are found within one turn of the population, at a bounded cost each. */
  #sweep(): void {
    const key = this.#sweepAt;
    const floorMs = this.#floorMs(-1);
    if (key !== 0 && this.#keys.inUse(key) && this.#keys.kept(key) > 0 && this.#keys.greatestMs(key) <= floorMs) {
      if (this.#hot.has(key)) this.#trimHot(key, floorMs);
      else this.#trim(key, floorMs);
      if (this.#keys.kept(key) > 0) return;
      this.#close(key);
    }
    this.#sweepAt = key >= this.#keys.last ? Math.min(1, this.#keys.last) : key + 1;
  }

  /** Nothing of the key is left. A chunk that is not full is closed for ever: what comes next begins a new one. */
  #close(key: number): void {
    this.#keys.setOpenDirty(key, false);
    this.#keys.setNextNumber(key, Math.ceil(this.#keys.nextNumber(key) / CHUNK_EVENTS) * CHUNK_EVENTS);
    this.#givenUpMs.delete(key);
    if (this.#keys.hasGraves(key)) this.#graves.add(key);
    else this.#removeKey(key);
  }

  #removeKey(key: number): void {
    this.#loadedChunks?.delete(key);
    this.#keys.remove(key);
  }

  #gather(observation: Observation): void {
    const { timeMs } = observation;
    const key = this.#keyOf(observation);
    const earliestMs = openWindows(this.#questions, timeMs, this.#keyFloorMs(key, timeMs));
    this.#readOwnValues(observation);
    if (key === 0) return;
    const { windows } = this.#questions;
    const hot = this.#hot.get(key);
    if (hot !== undefined) {
      for (const window of windows) hot.gather(window, timeMs, this.#ownValues);
      return;
    }
    this.#scan(key, earliestMs, timeMs);
  }

  /** From the newest block back, all windows at once. */
  #scan(key: number, earliestMs: number, askedMs: number): void {
    const { windows, own } = this.#questions;
    const blocks = this.#blocks;
    const ownValues = this.#ownValues;
    const { times } = blocks.shape;
    for (let block = this.#keys.newest(key); block !== 0; block = blocks.previous(block)) {
      if (blocks.prefixMs(block) <= earliestMs) return;
      const slab = blocks.pool.slab(block);
      const at = blocks.pool.byte(block);
      const baseMs = slab.f64[at >>> 3] as number;
      const count = blocks.count(block);
      for (let place = 0; place < count; place += 1) {
        const timeMs = baseMs + (slab.i32[((at + times) >>> 2) + place] as number);
        if (timeMs <= earliestMs) continue;
        const event = block * 8 + place;
        let equal = 0;
        for (let index = 0; index < own.length; index += 1) {
          const column = own[index] as number;
          if (blocks.value(event, column) === ownValues[column]) equal |= 1 << column;
        }
        for (let index = 0; index < windows.length; index += 1) {
          const window = windows[index] as Window;
          if (timeMs <= window.afterMs || timeMs > window.untilMs || (equal & window.need) !== window.need) continue;
          tallyEvent(blocks, window, event, timeMs, askedMs);
          for (const distinct of window.distincts) {
            const value = blocks.value(event, distinct.column);
            if (value !== 0 && distinct.seen.add(value)) distinct.count += 1;
            if ((equal >>> distinct.column) & 1) distinct.hasOwn = true;
          }
        }
      }
    }
  }

  /** Events kept with time after `afterMs`, the last to arrive first. */
  #eachBack(key: number, afterMs: number, visit: (event: number, timeMs: number) => void): void {
    for (let block = this.#keys.newest(key); block !== 0; block = this.#blocks.previous(block)) {
      if (this.#blocks.prefixMs(block) <= afterMs) return;
      for (let event = block * 8 + this.#blocks.count(block) - 1; event >= block * 8; event -= 1) {
        const timeMs = this.#blocks.timeMs(event);
        if (timeMs > afterMs) visit(event, timeMs);
      }
    }
  }

  /** All that is kept, in order of arrival. */
  #eventsOf(key: number): number[] {
    const events: number[] = [];
    for (let block = this.#keys.newest(key); block !== 0; block = this.#blocks.previous(block))
      for (let event = block * 8 + this.#blocks.count(block) - 1; event >= block * 8; event -= 1) events.push(event);
    return events.reverse();
  }

  #timesAfter(key: number, floorMs: number): number[] {
    const timesMs: number[] = [];
    this.#eachBack(key, floorMs, (_, timeMs) => timesMs.push(timeMs));
    return timesMs;
  }

  #isWanted(event: number, need: number): boolean {
    for (let column = 0; need >>> column !== 0; column += 1)
      if ((need >>> column) & 1 && this.#blocks.value(event, column) !== this.#ownValues[column]) return false;
    return true;
  }

  #readOwnValues({ transaction }: Observation): void {
    const { columns } = this.#blocks;
    const { own } = this.#questions;
    for (let index = 0; index < own.length; index += 1) {
      const column = own[index] as number;
      this.#ownValues[column] = this.#blocks.find(column, transaction[columns[column] as "target"]);
    }
  }

  #keyOf({ transaction }: Observation): number {
    const text = transaction[this.#layout.entity];
    return text === null ? 0 : this.#keys.find(text);
  }

  #firstNumber(key: number): number {
    return this.#keys.nextNumber(key) - this.#keys.kept(key);
  }

  /** What lies at or before it is in no answer to a question about `timeMs`. */
  #floorMs(timeMs: number): number {
    return Math.max(this.#streamTimeMs, timeMs) - this.#layout.horizonMs;
  }

  #keyFloorMs(key: number, timeMs: number): number {
    const floorMs = this.#floorMs(timeMs);
    if (this.#givenUpMs.size === 0) return floorMs;
    return Math.max(floorMs, this.#givenUpMs.get(key) ?? -1);
  }

  /** Whether an event at this offset of the log is in the chunks that were loaded. */
  #isLoaded(key: number, offset: number): boolean {
    const newest = this.#loadedChunks?.get(key)?.at(-1)?.header;
    if (newest === undefined) return false;
    return offset < (newest.successorOffset >= 0 ? newest.successorOffset : newest.asOf);
  }

  #duplicateEvent(observation: Observation): number {
    const { id } = observation.transaction;
    if (id === null || !this.#layout.ids) return -1;
    const key = this.#keyOf(observation);
    if (key === 0) return -1;
    const { low, high } = this.#hash.start(ID_SEED).text(id).finish();
    return this.#withId(key, low, high, this.#keyFloorMs(key, observation.timeMs));
  }

  /** A label names an id; a decision id means a transaction without one. */
  #labelledEvent({ key: text, transaction, origin }: Labelling): number {
    const key = this.#keys.find(text);
    if (key === 0 || !this.#layout.ids) return -1;
    const floorMs = this.#keyFloorMs(key, -1);
    const byId = this.#hash.start(ID_SEED).text(transaction).finish();
    const found = this.#withId(key, byId.low, byId.high, floorMs);
    if (found >= 0 || origin === null) return found;
    const byOrigin = this.#hash.start(ORIGIN_SEED).integer(origin.partition).integer(origin.offset).finish();
    return this.#withId(key, byOrigin.low, byOrigin.high, floorMs);
  }

  /**
   * The live event of this id, -1 if none. Two of one id live at once only while a restore replays what was before the
   * second, which was stored when the first had expired: so it is the older one.
   */
  #withId(key: number, low: number, high: number, floorMs: number): number {
    const hot = this.#hot.get(key);
    if (hot !== undefined) return hot.withId(low, high, floorMs);
    let found = -1;
    for (let block = this.#keys.newest(key); block !== 0; block = this.#blocks.previous(block)) {
      if (this.#blocks.prefixMs(block) <= floorMs) break;
      const end = block * 8 + this.#blocks.count(block);
      for (let event = block * 8; event < end; event += 1) {
        if (!this.#blocks.hasId(event, low, high)) continue;
        const timeMs = this.#blocks.timeMs(event);
        if (timeMs > floorMs && (found < 0 || timeMs < this.#blocks.timeMs(found))) found = event;
      }
    }
    return found;
  }

  /** Takes hold of the event's texts. */
  #fillRow(event: Observation): void {
    const { transaction, timeMs, origin } = event;
    const row = this.#row;
    row.timeMs = timeMs;
    if (this.#layout.amounts) row.amountMinor = transaction.amountMinor;
    let text = 0;
    for (const column of this.#layout.columns) {
      const value = transaction[column];
      if (column === "currency") row.currency = currencyCode(value as string);
      else row.texts[text++] = this.#blocks.texts.hold(value);
    }
    if (!this.#layout.ids) return;
    const hash = this.#hash;
    if (transaction.id !== null) hash.start(ID_SEED).text(transaction.id);
    else hash.start(ORIGIN_SEED).integer(origin.partition).integer(origin.offset);
    hash.finish();
    row.idLow = hash.low;
    row.idHigh = hash.high;
    row.payload = this.#payloadOf(event);
    row.partition = origin.partition;
    row.offset = origin.offset;
  }

  /** 32 bits of all members that we read: it only ever tells two transactions of one id apart. */
  #payloadOf({ transaction }: Observation): number {
    const { location, timestampMs } = transaction;
    const hash = this.#hash.start(PAYLOAD_SEED).text(transaction.source).text(transaction.target);
    hash.text(transaction.currency).integer(transaction.amountMinor).integer(transaction.exponent);
    hash
      .integer(timestampMs ?? -1)
      .text(transaction.channel)
      .text(transaction.country)
      .text(transaction.category);
    hash.text(transaction.device).text(location === null ? null : `${location.latitude},${location.longitude}`);
    return hash.finish().low;
  }

  #originOf(event: number): Origin {
    this.#blocks.read(event, this.#row);
    const { partition, offset } = this.#row;
    return { partition, offset };
  }

  #describe(event: number): Readonly<Record<string, unknown>> {
    const row = this.#row;
    this.#blocks.read(event, row);
    const { amounts, columns, ids, labels } = this.#layout;
    const texts = [...row.texts].map((text) => this.#blocks.texts.text(text));
    return {
      timeMs: row.timeMs,
      ...(amounts ? { amountMinor: row.amountMinor } : {}),
      ...Object.fromEntries(
        columns.map((column) => [column, column === "currency" ? currencyOf(row.currency) : (texts.shift() ?? null)]),
      ),
      ...(ids ? { id: [row.idLow, row.idHigh, row.payload], origin: [row.partition, row.offset] } : {}),
      ...(labels ? { changes: this.#blocks.changes(event) } : {}),
    };
  }
}

function chunkName(key: number, ordinal: number): string {
  return `${key}/${ordinal}`;
}
