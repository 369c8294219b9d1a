/**
 * The events of all keys of a state: put in, found, gathered into windows, let go of. Keys with many events are indexed.
 *
 * Times up to which events were given up belong to it: a key with more than maxLiveEvents live ones has a bound of its
 * own, and is from then on as if its horizon ended there.
 */

import type { EntityField } from "../feature.ts";
import { eachBack, eventsOf, findInChain, freeChain, gatherChain, newestOfChain } from "./chain.ts";
import { CHUNK_EVENTS } from "./chunk.ts";
import { currencyCode } from "./currency-code.ts";
import { BLOCK_EVENTS, EventBlocks, type EventRow, textColumns } from "./event-blocks.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { HotKey } from "./hot-key.ts";
import { KeyRecords } from "./key-records.ts";
import type { EntityLayout } from "./layout.ts";
import type { Newest, Wanted } from "./newest.ts";
import type { Observation } from "./observation.ts";
import type { Questions, Window } from "./question.ts";
import { UNKNOWN_TEXT } from "./texts.ts";

/** Above this many kept events a key gets an index, below the other it loses it. */
const HOT_EVENTS = 128;
const COOL_EVENTS = 48;
/** Blocks that one event may free of a hot key, so that no event pays for a long silence. */
const FREED_AT_ONCE = 64;

export class KeyedEvents {
  readonly keys = new KeyRecords();
  readonly blocks: EventBlocks;
  /** For one event at a time on its way in or out. */
  readonly row: EventRow;
  /** By column of the layout: the asking transaction's own values, as the blocks number them. */
  readonly ownValues: Float64Array;
  /** Whose they are; null once texts may have come or gone. */
  #ownOf: Observation | null = null;
  readonly #layout: EntityLayout;
  readonly #questions: Questions;
  readonly #hot = new Map<number, HotKey>();
  readonly #givenUpMs = new Map<number, number>();

  constructor(layout: EntityLayout, questions: Questions) {
    this.#layout = layout;
    this.#questions = questions;
    this.blocks = new EventBlocks(layout);
    this.ownValues = new Float64Array(layout.columns.length);
    const texts = new Uint32Array(textColumns(layout).length);
    const numbers = {
      timeMs: 0,
      amountMinor: 0,
      currency: 0,
      idLow: 0,
      idHigh: 0,
      payload: 0,
      partition: 0,
      offset: 0,
    };
    this.row = { ...numbers, texts };
  }

  /** -1: nothing was given up. */
  givenUpMs(key: number): number {
    return this.#givenUpMs.size === 0 ? -1 : (this.#givenUpMs.get(key) ?? -1);
  }

  /** As its chunks say of a key that is loaded; -1: nothing was given up. */
  restoreGivenUp(key: number, givenUpMs: number): void {
    if (givenUpMs >= 0) this.#givenUpMs.set(key, givenUpMs);
  }

  /** Whether the next event of the key looks for some that may go. */
  mayTrim(key: number): boolean {
    const newest = this.keys.newest(key);
    return newest !== 0 && (this.blocks.count(newest) === BLOCK_EVENTS || this.#hot.has(key));
  }

  /**
   * Stores an event. What lies at or before `floorMs` is in no answer any more, what lies at or before `evictableMs` may
   * go; that is read if mayTrim() says so. Returns the event's number among those of its key.
   */
  append(key: number, observation: Observation, floorMs: number, evictableMs: number): number {
    const { keys, blocks } = this;
    this.#fillRow(observation);
    if (this.#hot.has(key)) this.#trimHot(key, evictableMs);
    else if (this.mayTrim(key)) this.#trimChain(key, evictableMs);
    const number = keys.nextNumber(key);
    const fresh = number % CHUNK_EVENTS === 0;
    const event = blocks.append(keys.newest(key), this.row, keys.greatestMs(key), number, fresh);
    keys.arrived(key, event >>> 3, observation.timeMs);
    const hot = this.#hot.get(key);
    if (hot !== undefined) hot.append(event, observation.timeMs);
    if (keys.kept(key) > this.#layout.maxLiveEvents) this.#giveUp(key, floorMs);
    return number;
  }

  /**
   * Lets go of a key of which all lies at or before `evictableMs`, of one with an index at a bounded cost. Returns whether
   * all has gone.
   */
  trim(key: number, evictableMs: number): boolean {
    this.#ownOf = null;
    if (this.#hot.has(key)) this.#trimHot(key, evictableMs);
    else this.#trimChain(key, evictableMs);
    if (this.keys.kept(key) > 0) return false;
    this.#givenUpMs.delete(key);
    return true;
  }

  readOwnValues(observation: Observation): void {
    if (this.#ownOf === observation) return;
    this.#ownOf = observation;
    const { transaction } = observation;
    const { own } = this.#questions;
    for (let index = 0; index < own.length; index += 1) {
      const column = own[index] as number;
      const field = this.blocks.columns[column] as "target";
      this.ownValues[column] = this.blocks.find(column, transaction[field]);
    }
  }

  /** Adds the key's events to the windows, which are open. Own values are read. */
  gather(key: number, earliestMs: number, askedMs: number): void {
    const hot = this.#indexOf(key);
    if (hot === undefined)
      gatherChain(this.blocks, this.keys.newest(key), this.#questions, this.ownValues, earliestMs, askedMs);
    else for (const window of this.#questions.windows) hot.gather(window, askedMs, this.ownValues);
  }

  /** Offers the events of an open window that are wanted. Own values are read. */
  newest(key: number, window: Window, into: Newest, wanted: Wanted): void {
    const hot = this.#indexOf(key);
    if (hot !== undefined) hot.newest(window, this.ownValues, into, wanted);
    else newestOfChain(this.blocks, this.keys.newest(key), window, this.ownValues, into, wanted);
  }

  /**
   * The live event of this id; -1 if none. Two of one id live at once only while a restore replays what was before the
   * second, which was stored when the first had expired: so it is the older one.
   */
  find(key: number, low: number, high: number, floorMs: number): number {
    const hot = this.#indexOf(key);
    if (hot !== undefined) return hot.withId(low, high, floorMs);
    return findInChain(this.blocks, this.keys.newest(key), low, high, floorMs);
  }

  /** Which chunk an event belongs to. Where labels are kept. */
  chunkOf(key: number, event: number): number {
    const next = this.keys.nextNumber(key);
    return Math.floor((next - ((next - this.blocks.number(event)) >>> 0)) / CHUNK_EVENTS);
  }

  /** From `labelledAtMs` on the event is a fraud, or is none. Returns whether that is news. */
  label(key: number, event: number, fraud: boolean, labelledAtMs: number): boolean {
    const before = this.blocks.changes(event);
    const changes = before.filter((changeMs) => changeMs < labelledAtMs);
    if ((changes.length % 2 === 1) !== fraud) changes.push(labelledAtMs);
    if (changes.length === before.length && changes.at(-1) === before.at(-1)) return false;
    this.blocks.setChanges(event, changes);
    this.#hot.get(key)?.relabel(event);
    return true;
  }

  /** What is kept of a chunk, in order of arrival, and how many events at its front are not. */
  chunk(key: number, ordinal: number): { readonly first: number; readonly events: number[] } {
    const { keys } = this;
    const firstKept = keys.nextNumber(key) - keys.kept(key);
    const from = Math.max(firstKept, ordinal * CHUNK_EVENTS);
    const to = Math.min(keys.nextNumber(key), (ordinal + 1) * CHUNK_EVENTS);
    const hot = this.#hot.get(key);
    const events =
      hot === undefined
        ? eventsOf(this.blocks, keys.newest(key)).slice(from - firstKept, to - firstKept)
        : Array.from({ length: to - from }, (_, index) => hot.at(from - firstKept + index));
    return { first: from - ordinal * CHUNK_EVENTS, events };
  }

  #trimChain(key: number, evictableMs: number): void {
    const { blocks, keys } = this;
    let [after, block] = [0, keys.newest(key)];
    while (block !== 0 && blocks.prefixMs(block) > evictableMs) {
      after = block;
      block = blocks.previous(block);
    }
    if (block === 0) return;
    if (after === 0) keys.setNewest(key, 0);
    else blocks.setPrevious(after, 0);
    keys.setKept(key, keys.kept(key) - freeChain(blocks, block));
  }

  #trimHot(key: number, evictableMs: number): void {
    const { blocks, keys } = this;
    const hot = this.#hot.get(key) as HotKey;
    let kept = keys.kept(key);
    for (let turn = 0; turn < FREED_AT_ONCE && kept > 0; turn += 1) {
      const block = hot.first >>> 3;
      if (blocks.prefixMs(block) > evictableMs) break;
      const count = blocks.count(block);
      for (let event = 0; event < count; event += 1) hot.removeFirst();
      blocks.free(block);
      kept -= count;
      if (kept > 0) blocks.setPrevious(hot.first >>> 3, 0);
      else keys.setNewest(key, 0);
    }
    keys.setKept(key, kept);
    if (kept < COOL_EVENTS) this.#hot.delete(key);
  }

  /**
   * Undefined for a key of few events. It is built when a question is first asked of many: a restore has other things to do,
   * and of most keys that it brings nothing is asked for long.
   */
  #indexOf(key: number): HotKey | undefined {
    const known = this.#hot.get(key);
    if (known !== undefined || this.keys.kept(key) <= HOT_EVENTS) return known;
    const { amounts, labels } = this.#layout;
    const squares = this.#questions.windows.some((window) => window.squares);
    const events = eventsOf(this.blocks, this.keys.newest(key));
    const hot = new HotKey(this.blocks, this.#questions, { amounts, squares, labels }, events);
    this.#hot.set(key, hot);
    return hot;
  }

  /** The oldest instants of the key go until no more than maxLiveEvents live. */
  #giveUp(key: number, streamFloorMs: number): void {
    const { maxLiveEvents } = this.#layout;
    const hot = this.#indexOf(key);
    for (;;) {
      const floorMs = Math.max(streamFloorMs, this.givenUpMs(key));
      if (hot !== undefined) {
        if (hot.live(floorMs) <= maxLiveEvents) return;
        this.#givenUpMs.set(key, hot.oldestMs(floorMs));
      } else {
        let [live, oldestMs] = [0, Number.POSITIVE_INFINITY];
        eachBack(this.blocks, this.keys.newest(key), floorMs, (_, timeMs) => {
          live += 1;
          oldestMs = Math.min(oldestMs, timeMs);
        });
        if (live <= maxLiveEvents) return;
        this.#givenUpMs.set(key, oldestMs);
      }
    }
  }

  /** Takes hold of the event's texts, before any that it shares with others can go. */
  #fillRow(observation: Observation): void {
    const { transaction, timeMs, origin } = observation;
    const { row } = this;
    const { columns, amounts, ids } = this.#layout;
    const isOwn = this.#ownOf === observation;
    this.#ownOf = null;
    row.timeMs = timeMs;
    if (amounts) row.amountMinor = transaction.amountMinor;
    let text = 0;
    for (let column = 0; column < columns.length; column += 1) {
      const field = columns[column] as EntityField;
      if (field === "currency") row.currency = currencyCode(transaction.currency);
      else {
        const { texts } = this.blocks;
        const known = isOwn ? (this.ownValues[column] as number) : 0;
        const held = known === 0 || known === UNKNOWN_TEXT ? texts.hold(transaction[field]) : texts.holdAgain(known);
        row.texts[text++] = held;
      }
    }
    if (!ids) return;
    const { idLow, idHigh, payload } = fingerprintOf(observation);
    row.idLow = idLow;
    row.idHigh = idHigh;
    row.payload = payload;
    row.partition = origin.partition;
    row.offset = origin.offset;
  }
}
