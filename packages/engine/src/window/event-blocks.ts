/**
 * The events of all keys of one state, in blocks of eight from one pool: each key's blocks are chained from the newest
 * back, in order of arrival. An event is named by `block * 8 + its place in the block`.
 *
 * A block is one stretch of memory: a header, then each column for eight events. Times are differences to the block's
 * first, origins' offsets too; an event that does not fit opens a new block. `prefixMs`, the greatest time of the block
 * and all before it, lets a scan back stop exactly, however events arrived.
 *
 * Labels are kept as the times at which an event's truth changes: it is a fraud at t if an odd number of its changes
 * lie at or before t. That is all that "the last label known by then" can tell apart, and mostly there is none.
 */
import type { EntityField } from "../feature.ts";
import { currencyCode } from "./currency-code.ts";
import type { EntityLayout } from "./layout.ts";
import type { Origin } from "./observation.ts";
import { type Slab, Slabs } from "./slabs.ts";
import { Texts } from "./texts.ts";

export const BLOCK_EVENTS = 8;
const COUNT_BITS = 4;
const NO_BOUND = 0xffff_ffff;
const FARTHEST = 2 ** 31 - 1;
const MOST_PARTITION = 0xffff;
/** Above MAX_AMOUNT_MINOR. */
const MOST_AMOUNT = 2 ** 40;
const CHANGE_BYTES = 16;
/** An event's truth may change this often; then its two earliest changes, between which it was a fraud, are dropped. */
export const MAX_CHANGES = 64;

/** An event on its way in or out. Members that the layout does not keep mean nothing. */
export type EventRow = {
  timeMs: number;
  amountMinor: number;
  /** Of currencyCode(). */
  currency: number;
  /** Held numbers, in the order of textColumns. */
  readonly texts: Uint32Array;
  idLow: number;
  idHigh: number;
  payload: number;
  partition: number;
  offset: number;
};

/** Byte offsets in a block; -1: not kept. */
export type BlockShape = {
  readonly bytes: number;
  readonly baseOffset: number;
  readonly changes: number;
  readonly times: number;
  readonly amountLow: number;
  readonly amountHigh: number;
  readonly currency: number;
  readonly texts: number;
  readonly idLow: number;
  readonly idHigh: number;
  readonly payload: number;
  readonly offsets: number;
  readonly partitions: number;
};

export function textColumns({ columns }: EntityLayout): EntityField[] {
  return columns.filter((column) => column !== "currency");
}

export function blockShape(layout: EntityLayout): BlockShape {
  let bytes = 0;
  const room = (width: number, kept = true): number => {
    const at = kept ? bytes : -1;
    if (kept) bytes += width;
    return at;
  };
  room(16);
  const [word, texts] = [4 * BLOCK_EVENTS, textColumns(layout)];
  return {
    baseOffset: room(8, layout.ids),
    changes: room(8, layout.labels),
    times: room(word),
    amountLow: room(word, layout.amounts),
    amountHigh: room(BLOCK_EVENTS, layout.amounts),
    currency: room(2 * BLOCK_EVENTS, layout.columns.includes("currency")),
    texts: room(word * texts.length, texts.length > 0),
    idLow: room(word, layout.ids),
    idHigh: room(word, layout.ids),
    payload: room(word, layout.ids),
    offsets: room(word, layout.ids),
    partitions: room(2 * BLOCK_EVENTS, layout.ids),
    bytes,
  };
}

export class EventBlocks {
  readonly shape: BlockShape;
  readonly texts = new Texts();
  /** Columns as questions number them: those of the layout. */
  readonly columns: readonly EntityField[];
  /** By column, where its texts begin in a block, in words; -1: it is the currency. */
  readonly #wordOf: readonly number[];
  readonly #textCount: number;
  readonly pool: Slabs;
  readonly #changes = new Slabs(CHANGE_BYTES);

  constructor(layout: EntityLayout) {
    const texts = textColumns(layout);
    this.shape = blockShape(layout);
    this.columns = layout.columns;
    this.#wordOf = layout.columns.map((column) =>
      column === "currency" ? -1 : (this.shape.texts >>> 2) + texts.indexOf(column) * BLOCK_EVENTS,
    );
    this.#textCount = texts.length;
    this.pool = new Slabs(this.shape.bytes);
  }

  /**
   * Puts an event after the block `last` (0: the first of its key), into it if it fits and `fresh` is false. The row's
   * texts are the block's from then on. `greatestMs`: of all events of the key so far. `number`: the event's own. Throws
   * RangeError for what no column can hold: a partition above 65,535, an amount of 2^40 minor units.
   */
  append(last: number, row: EventRow, greatestMs: number, number: number, fresh: boolean): number {
    const { shape, pool } = this;
    if (row.partition > MOST_PARTITION || row.amountMinor >= MOST_AMOUNT)
      throw new RangeError(`partition ${row.partition} or amount ${row.amountMinor} is more than a block can hold`);
    let block = last;
    if (fresh || last === 0 || !this.#fits(last, row)) block = this.#open(last, row, number);
    const slab = pool.slab(block);
    const at = pool.byte(block);
    const place = this.count(block);
    slab.u32[(at >>> 2) + 2] = (slab.u32[(at >>> 2) + 2] as number) + 1;
    const prefix = Math.max(greatestMs, row.timeMs) - (slab.f64[at >>> 3] as number);
    slab.u32[(at >>> 2) + 3] = Math.min(prefix, NO_BOUND);
    slab.i32[((at + shape.times) >>> 2) + place] = row.timeMs - (slab.f64[at >>> 3] as number);
    if (shape.amountLow >= 0) {
      slab.u32[((at + shape.amountLow) >>> 2) + place] = row.amountMinor % 2 ** 32;
      slab.u8[at + shape.amountHigh + place] = Math.floor(row.amountMinor / 2 ** 32);
    }
    if (shape.currency >= 0) slab.u16[((at + shape.currency) >>> 1) + place] = row.currency;
    for (let text = 0; text < this.#textCount; text += 1)
      slab.u32[((at + shape.texts) >>> 2) + text * BLOCK_EVENTS + place] = row.texts[text] as number;
    if (shape.idLow >= 0) {
      slab.u32[((at + shape.idLow) >>> 2) + place] = row.idLow;
      slab.u32[((at + shape.idHigh) >>> 2) + place] = row.idHigh;
      slab.u32[((at + shape.payload) >>> 2) + place] = row.payload;
      slab.i32[((at + shape.offsets) >>> 2) + place] = row.offset - (slab.f64[(at + shape.baseOffset) >>> 3] as number);
      slab.u16[((at + shape.partitions) >>> 1) + place] = row.partition;
    }
    return block * BLOCK_EVENTS + place;
  }

  previous(block: number): number {
    return (this.pool.slab(block).u32[(this.pool.byte(block) >>> 2) + 2] as number) >>> COUNT_BITS;
  }

  setPrevious(block: number, previous: number): void {
    const { u32 } = this.pool.slab(block);
    const at = (this.pool.byte(block) >>> 2) + 2;
    u32[at] = (previous << COUNT_BITS) | ((u32[at] as number) & (BLOCK_EVENTS * 2 - 1));
  }

  count(block: number): number {
    const packed = this.pool.slab(block).u32[(this.pool.byte(block) >>> 2) + 2] as number;
    return packed & (BLOCK_EVENTS * 2 - 1);
  }

  /** Greatest time of this block and all before it; Infinity where that is too far from the block's first to be kept. */
  prefixMs(block: number): number {
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    const prefix = slab.u32[(at >>> 2) + 3] as number;
    return prefix === NO_BOUND ? Number.POSITIVE_INFINITY : (slab.f64[at >>> 3] as number) + prefix;
  }

  setPrefix(block: number, greatestMs: number): void {
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    slab.u32[(at >>> 2) + 3] = Math.min(greatestMs - (slab.f64[at >>> 3] as number), NO_BOUND);
  }

  /** Gives the block back, and what its events hold. */
  free(block: number): void {
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    const count = this.count(block);
    for (let text = 0; text < this.#textCount; text += 1)
      for (let place = 0; place < count; place += 1)
        this.texts.release(slab.u32[((at + this.shape.texts) >>> 2) + text * BLOCK_EVENTS + place] as number);
    for (let change = this.#firstChange(block); change !== 0; ) {
      const next = this.#nextChange(change);
      this.#changes.give(change);
      change = next;
    }
    this.pool.give(block);
  }

  timeMs(event: number): number {
    const block = event >>> 3;
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    return (slab.f64[at >>> 3] as number) + (slab.i32[((at + this.shape.times) >>> 2) + (event & 7)] as number);
  }

  amountMinor(event: number): number {
    const block = event >>> 3;
    return this.amountIn(this.pool.slab(block), this.pool.byte(block), event & 7);
  }

  /** As amountMinor(), of the event at a place of the block that begins at byte `at` of a slab. */
  amountIn(slab: Slab, at: number, place: number): number {
    const low = slab.u32[((at + this.shape.amountLow) >>> 2) + place] as number;
    return (slab.u8[at + this.shape.amountHigh + place] as number) * 2 ** 32 + low;
  }

  /** A text's number or a currency's code, which are compared with their own kind only; 0 for null. */
  value(event: number, column: number): number {
    const block = event >>> 3;
    return this.valueIn(this.pool.slab(block), this.pool.byte(block), event & 7, column);
  }

  valueIn(slab: Slab, at: number, place: number, column: number): number {
    const word = this.#wordOf[column] as number;
    if (word < 0) return slab.u16[((at + this.shape.currency) >>> 1) + place] as number;
    return slab.u32[(at >>> 2) + word + place] as number;
  }

  /** The number by which value() would name it: UNKNOWN_TEXT if no event can have it. */
  find(column: number, value: string | null): number {
    if ((this.#wordOf[column] as number) >= 0) return this.texts.find(value);
    return value === null ? 0 : currencyCode(value);
  }

  /** Its texts are not held for the caller. */
  read(event: number, into: EventRow): void {
    const { shape } = this;
    const block = event >>> 3;
    const place = event & 7;
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    into.timeMs = this.timeMs(event);
    into.amountMinor = shape.amountLow < 0 ? 0 : this.amountMinor(event);
    into.currency = shape.currency < 0 ? 0 : (slab.u16[((at + shape.currency) >>> 1) + place] as number);
    for (let text = 0; text < this.#textCount; text += 1)
      into.texts[text] = slab.u32[((at + shape.texts) >>> 2) + text * BLOCK_EVENTS + place] as number;
    if (shape.idLow < 0) return;
    into.idLow = this.idLow(event);
    into.idHigh = slab.u32[((at + shape.idHigh) >>> 2) + place] as number;
    into.payload = this.payload(event);
    const { partition, offset } = this.origin(event);
    into.partition = partition;
    into.offset = offset;
  }

  origin(event: number): Origin {
    const block = event >>> 3;
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    const base = slab.f64[(at + this.shape.baseOffset) >>> 3] as number;
    return {
      partition: slab.u16[((at + this.shape.partitions) >>> 1) + (event & 7)] as number,
      offset: base + (slab.i32[((at + this.shape.offsets) >>> 2) + (event & 7)] as number),
    };
  }

  idLow(event: number): number {
    const block = event >>> 3;
    const at = this.pool.byte(block) + this.shape.idLow;
    return this.pool.slab(block).u32[(at >>> 2) + (event & 7)] as number;
  }

  hasId(event: number, idLow: number, idHigh: number): boolean {
    if (this.idLow(event) !== idLow) return false;
    const block = event >>> 3;
    const at = this.pool.byte(block) + this.shape.idHigh;
    return this.pool.slab(block).u32[(at >>> 2) + (event & 7)] === idHigh;
  }

  payload(event: number): number {
    const block = event >>> 3;
    const at = this.pool.byte(block) + this.shape.payload;
    return this.pool.slab(block).u32[(at >>> 2) + (event & 7)] as number;
  }

  /** The event's number among all of its key, modulo 2^32; where labels are kept. */
  number(event: number): number {
    const block = event >>> 3;
    const at = this.pool.byte(block) + this.shape.changes + 4;
    return ((this.pool.slab(block).u32[at >>> 2] as number) + (event & 7)) >>> 0;
  }

  isFraud(event: number, atMs: number): boolean {
    let odd = false;
    for (let change = this.#firstChange(event >>> 3); change !== 0; change = this.#nextChange(change))
      if (this.#placeOf(change) === (event & 7) && this.#changeMs(change) <= atMs) odd = !odd;
    return odd;
  }

  hasChanges(block: number): boolean {
    return this.#firstChange(block) !== 0;
  }

  /** Times at which the event's truth changes, rising. */
  changes(event: number): number[] {
    const times: number[] = [];
    for (let change = this.#firstChange(event >>> 3); change !== 0; change = this.#nextChange(change))
      if (this.#placeOf(change) === (event & 7)) times.push(this.#changeMs(change));
    return times.sort((a, b) => a - b);
  }

  setChanges(event: number, times: readonly number[]): void {
    const block = event >>> 3;
    let kept = 0;
    for (let change = this.#firstChange(block); change !== 0; ) {
      const next = this.#nextChange(change);
      if (this.#placeOf(change) === (event & 7)) this.#changes.give(change);
      else {
        this.#linkChange(change, kept, this.#placeOf(change));
        kept = change;
      }
      change = next;
    }
    for (const timeMs of times.length > MAX_CHANGES ? times.slice(2) : times) {
      const change = this.#changes.take();
      this.#changes.slab(change).f64[this.#changes.byte(change) >>> 3] = timeMs;
      this.#linkChange(change, kept, event & 7);
      kept = change;
    }
    this.pool.slab(block).u32[(this.pool.byte(block) + this.shape.changes) >>> 2] = kept;
  }

  #fits(block: number, { timeMs, offset }: EventRow): boolean {
    if (this.count(block) === BLOCK_EVENTS) return false;
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    if (Math.abs(timeMs - (slab.f64[at >>> 3] as number)) > FARTHEST) return false;
    if (this.shape.baseOffset < 0) return true;
    return Math.abs(offset - (slab.f64[(at + this.shape.baseOffset) >>> 3] as number)) <= FARTHEST;
  }

  #open(previous: number, { timeMs, offset }: EventRow, number: number): number {
    const block = this.pool.take();
    const slab = this.pool.slab(block);
    const at = this.pool.byte(block);
    slab.f64[at >>> 3] = timeMs;
    slab.u32[(at >>> 2) + 2] = previous << COUNT_BITS;
    if (this.shape.baseOffset >= 0) slab.f64[(at + this.shape.baseOffset) >>> 3] = offset;
    if (this.shape.changes >= 0) {
      slab.u32[(at + this.shape.changes) >>> 2] = 0;
      slab.u32[((at + this.shape.changes) >>> 2) + 1] = number % 2 ** 32;
    }
    return block;
  }

  #firstChange(block: number): number {
    if (this.shape.changes < 0) return 0;
    return this.pool.slab(block).u32[(this.pool.byte(block) + this.shape.changes) >>> 2] as number;
  }

  #changeMs(change: number): number {
    return this.#changes.slab(change).f64[this.#changes.byte(change) >>> 3] as number;
  }

  #nextChange(change: number): number {
    return this.#changes.slab(change).u32[(this.#changes.byte(change) >>> 2) + 2] as number;
  }

  #placeOf(change: number): number {
    return this.#changes.slab(change).u32[(this.#changes.byte(change) >>> 2) + 3] as number;
  }

  #linkChange(change: number, next: number, place: number): void {
    const { u32 } = this.#changes.slab(change);
    const at = (this.#changes.byte(change) >>> 2) + 2;
    u32[at] = next;
    u32[at + 1] = place;
  }
}
