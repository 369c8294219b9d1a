/**
 * Many events in order of arrival under a tree of summaries, so that a window costs about the logarithm of their number.
 *
 * A node knows the least and greatest time below it: one that lies in the window is taken as a whole, one outside is
 * passed over, and only what straddles a bound is looked into. That is exact for any order of arrival; what disorder
 * costs is the events that arrived beside a bound but do not lie there.
 */
import { type Counted, Counts } from "./counts.ts";
import type { EventBlocks } from "./event-blocks.ts";
import { isWanted, type Newest, type Wanted } from "./newest.ts";
import type { Distinct, Window } from "./question.ts";
import { Tally } from "./tally.ts";

const LEAF = 16;
const FAN = 16;
const SMALLEST = 128;
const ROW = {
  leastMs: 0,
  greatestMs: 1,
  count: 2,
  sumLow: 3,
  sumHigh: 4,
  squares0: 5,
  squares1: 6,
  squares2: 7,
  least: 8,
  greatest: 9,
  frauds: 10,
  /** Of the last change of truth below: a question about an earlier time has to look at the events. */
  changedMs: 11,
} as const;
const WIDTH = 12;

/** What the tree is to know of amounts and labels. */
export type Summarised = { readonly amounts: boolean; readonly squares: boolean; readonly labels: boolean };

export class SummaryTree implements Counted {
  readonly #blocks: EventBlocks;
  readonly #kept: Summarised;
  #timesMs = new Float64Array(0);
  #events = new Uint32Array(0);
  /** Rows of nodes; level 0 has one for LEAF events, each further for FAN nodes of the one below. */
  #levels: Float64Array[] = [];
  /** Events kept: [#start, #end). */
  #start = 0;
  #end = 0;
  readonly #counts: (Counts | undefined)[] = [];

  /** `expected`: how many events are to be appended at once, if that is known. */
  constructor(blocks: EventBlocks, kept: Summarised, expected = 0) {
    this.#blocks = blocks;
    this.#kept = kept;
    if (expected > 0) this.#makeRoom(expected);
  }

  get size(): number {
    return this.#end - this.#start;
  }

  append(event: number, timeMs: number): void {
    if (this.#end === this.#timesMs.length) this.#makeRoom();
    this.#put(event, timeMs);
    for (const counts of this.#counts) counts?.arrived(event, timeMs);
  }

  /** The event that arrived first goes; its block must still be there. */
  removeFirst(): void {
    const event = this.#events[this.#start] as number;
    for (const counts of this.#counts) counts?.left(event, this.#timesMs[this.#start] as number);
    this.#start += 1;
  }

  /** Adds the window's events to its tally; `askedMs`: what labels are known by. */
  gather(window: Window, askedMs: number): void {
    const top = this.#levels.length - 1;
    const span = LEAF * FAN ** top;
    for (let node = Math.floor(this.#start / span); node * span < this.#end; node += 1)
      this.#gather(top, node, window, askedMs);
  }

  /** Counts the window's values of a column; `own`: the asking transaction's. */
  gatherDistinct(distinct: Distinct, afterMs: number, untilMs: number, own: number): void {
    const counts = this.#counts[distinct.index] ?? new Counts(this.#blocks, distinct.column);
    this.#counts[distinct.index] = counts;
    counts.moveTo(this, afterMs, untilMs);
    distinct.count = counts.values;
    distinct.hasOwn = counts.has(own);
  }

  /** Every event kept with time in (afterMs, untilMs], in order of arrival. */
  each(afterMs: number, untilMs: number, visit: (event: number, timeMs: number) => void): void {
    if (afterMs >= untilMs) return;
    const top = this.#levels.length - 1;
    const span = LEAF * FAN ** top;
    for (let node = Math.floor(this.#start / span); node * span < this.#end; node += 1)
      this.#each(top, node, afterMs, untilMs, visit);
  }

  /** How many events lie after `afterMs`. */
  countAfter(afterMs: number): number {
    let count = 0;
    const top = this.#levels.length - 1;
    const look = (level: number, node: number): void => {
      const rows = this.#levels[level] as Float64Array;
      if ((rows[node * WIDTH + ROW.greatestMs] as number) <= afterMs) return;
      if ((rows[node * WIDTH + ROW.leastMs] as number) > afterMs) count += rows[node * WIDTH + ROW.count] as number;
      else if (level > 0) this.#children(level, node, (child) => look(level - 1, child));
      else
        for (let at = node * LEAF; at < Math.min((node + 1) * LEAF, this.#end); at += 1)
          if ((this.#timesMs[at] as number) > afterMs) count += 1;
    };
    const span = LEAF * FAN ** top;
    for (let node = Math.floor(this.#start / span); node * span < this.#end; node += 1) look(top, node);
    return count;
  }

  /** Least time after `afterMs`; Infinity if none. */
  oldestMs(afterMs: number): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    const top = this.#levels.length - 1;
    const look = (level: number, node: number): void => {
      const rows = this.#levels[level] as Float64Array;
      const leastMs = rows[node * WIDTH + ROW.leastMs] as number;
      if ((rows[node * WIDTH + ROW.greatestMs] as number) <= afterMs || leastMs >= oldestMs) return;
      if (leastMs > afterMs) oldestMs = leastMs;
      else if (level > 0) this.#children(level, node, (child) => look(level - 1, child));
      else
        for (let at = node * LEAF; at < Math.min((node + 1) * LEAF, this.#end); at += 1) {
          const timeMs = this.#timesMs[at] as number;
          if (timeMs > afterMs && timeMs < oldestMs) oldestMs = timeMs;
        }
    };
    const span = LEAF * FAN ** top;
    for (let node = Math.floor(this.#start / span); node * span < this.#end; node += 1) look(top, node);
    return oldestMs;
  }

  /** Offers the window's events that are wanted, from the last to arrive on. */
  newest(window: Window, into: Newest, wanted: Wanted): void {
    const top = this.#levels.length - 1;
    const span = LEAF * FAN ** top;
    for (let node = Math.floor((this.#end - 1) / span); (node + 1) * span > this.#start; node -= 1)
      this.#newest(top, node, window, into, wanted);
  }

  /** The event's labels have changed. */
  relabel(event: number, timeMs: number): void {
    const look = (level: number, node: number): boolean => {
      const rows = this.#levels[level] as Float64Array;
      if ((rows[node * WIDTH + ROW.leastMs] as number) > timeMs) return false;
      if ((rows[node * WIDTH + ROW.greatestMs] as number) < timeMs) return false;
      let found = false;
      if (level > 0) {
        this.#children(level, node, (child) => {
          found ||= look(level - 1, child);
        });
      } else {
        const end = Math.min((node + 1) * LEAF, this.#end);
        // Those that have left may have had the very place of this one in the blocks.
        for (let at = Math.max(node * LEAF, this.#start); at < end && !found; at += 1)
          found = this.#events[at] === event;
      }
      if (found) this.#summarise(level, node);
      return found;
    };
    const top = this.#levels.length - 1;
    const span = LEAF * FAN ** top;
    for (let node = Math.floor(this.#start / span); node * span < this.#end; node += 1) if (look(top, node)) return;
  }

  #gather(level: number, node: number, window: Window, askedMs: number): void {
    const { afterMs, untilMs, tally } = window;
    const rows = this.#levels[level] as Float64Array;
    const at = node * WIDTH;
    const leastMs = rows[at] as number;
    const greatestMs = rows[at + ROW.greatestMs] as number;
    if (greatestMs <= afterMs || leastMs > untilMs) return;
    if (
      leastMs > afterMs &&
      greatestMs <= untilMs &&
      (!window.frauds || (rows[at + ROW.changedMs] as number) <= askedMs)
    )
      addRow(tally, rows, at);
    else if (level > 0) {
      const end = Math.min((node + 1) * FAN, Math.ceil(this.#end / (LEAF * FAN ** (level - 1))));
      for (let child = node * FAN; child < end; child += 1) this.#gather(level - 1, child, window, askedMs);
    } else {
      const end = Math.min((node + 1) * LEAF, this.#end);
      for (let place = node * LEAF; place < end; place += 1) {
        const timeMs = this.#timesMs[place] as number;
        if (timeMs > afterMs && timeMs <= untilMs)
          tallyEvent(this.#blocks, window, this.#events[place] as number, timeMs, askedMs);
      }
    }
  }

  #newest(level: number, node: number, window: Window, into: Newest, wanted: Wanted): void {
    const { afterMs, untilMs } = window;
    const rows = this.#levels[level] as Float64Array;
    const at = node * WIDTH;
    if ((rows[at] as number) > untilMs || (rows[at + ROW.greatestMs] as number) <= Math.max(afterMs, into.barMs))
      return;
    const { fraudAtMs } = wanted;
    // What the row says of frauds holds from the last change below on.
    if (fraudAtMs !== null && rows[at + ROW.frauds] === 0 && (rows[at + ROW.changedMs] as number) <= fraudAtMs) return;
    if (level > 0) {
      const end = Math.min((node + 1) * FAN, Math.ceil(this.#end / (LEAF * FAN ** (level - 1))));
      for (let child = end - 1; child >= node * FAN; child -= 1) this.#newest(level - 1, child, window, into, wanted);
      return;
    }
    const first = Math.max(node * LEAF, this.#start);
    for (let place = Math.min((node + 1) * LEAF, this.#end) - 1; place >= first; place -= 1) {
      const timeMs = this.#timesMs[place] as number;
      if (timeMs <= afterMs || timeMs > untilMs || timeMs <= into.barMs) continue;
      const event = this.#events[place] as number;
      if (isWanted(this.#blocks, event, wanted)) into.offer(event, timeMs);
    }
  }

  #each(
    level: number,
    node: number,
    afterMs: number,
    untilMs: number,
    visit: (event: number, timeMs: number) => void,
  ): void {
    const rows = this.#levels[level] as Float64Array;
    if ((rows[node * WIDTH + ROW.greatestMs] as number) <= afterMs) return;
    if ((rows[node * WIDTH + ROW.leastMs] as number) > untilMs) return;
    if (level > 0) {
      const end = Math.min((node + 1) * FAN, Math.ceil(this.#end / (LEAF * FAN ** (level - 1))));
      for (let child = node * FAN; child < end; child += 1) this.#each(level - 1, child, afterMs, untilMs, visit);
      return;
    }
    const end = Math.min((node + 1) * LEAF, this.#end);
    for (let at = Math.max(node * LEAF, this.#start); at < end; at += 1) {
      const timeMs = this.#timesMs[at] as number;
      if (timeMs > afterMs && timeMs <= untilMs) visit(this.#events[at] as number, timeMs);
    }
  }

  #children(level: number, node: number, visit: (child: number) => void): void {
    const end = Math.min((node + 1) * FAN, Math.ceil(this.#end / (LEAF * FAN ** (level - 1))));
    for (let child = node * FAN; child < end; child += 1) visit(child);
  }

  /** For twice as many; what has left goes. */
  #makeRoom(count = this.size): void {
    const [timesMs, events, start, end] = [this.#timesMs, this.#events, this.#start, this.#end];
    let capacity = SMALLEST;
    while (capacity < 2 * count) capacity *= 2;
    this.#timesMs = new Float64Array(capacity);
    this.#events = new Uint32Array(capacity);
    this.#levels = [];
    for (let nodes = Math.ceil(capacity / LEAF); ; nodes = Math.ceil(nodes / FAN)) {
      this.#levels.push(new Float64Array(nodes * WIDTH));
      if (nodes <= FAN) break;
    }
    this.#start = 0;
    this.#end = 0;
    for (let at = start; at < end; at += 1) this.#put(events[at] as number, timesMs[at] as number);
  }

  #put(event: number, timeMs: number): void {
    const at = this.#end;
    this.#timesMs[at] = timeMs;
    this.#events[at] = event;
    this.#end += 1;
    this.#readSingle(event, timeMs);
    let span = LEAF;
    for (const rows of this.#levels) {
      const node = Math.floor(at / span);
      if (at % span === 0) clearRow(rows, node * WIDTH);
      mergeRow(rows, node * WIDTH, single, 0);
      span *= FAN;
    }
  }

  #summarise(level: number, node: number): void {
    const rows = this.#levels[level] as Float64Array;
    clearRow(rows, node * WIDTH);
    if (level > 0) {
      const below = this.#levels[level - 1] as Float64Array;
      this.#children(level, node, (child) => mergeRow(rows, node * WIDTH, below, child * WIDTH));
      return;
    }
    const end = Math.min((node + 1) * LEAF, this.#end);
    for (let at = Math.max(node * LEAF, this.#start); at < end; at += 1) {
      this.#readSingle(this.#events[at] as number, this.#timesMs[at] as number);
      mergeRow(rows, node * WIDTH, single, 0);
    }
  }

  /** The row of one event alone. */
  #readSingle(event: number, timeMs: number): void {
    one.clear();
    one.count = 1;
    const { amounts, squares, labels } = this.#kept;
    if (amounts) {
      const minor = this.#blocks.amountMinor(event);
      one.addAmount(minor);
      if (squares) one.addSquare(minor);
    }
    let changedMs = Number.NEGATIVE_INFINITY;
    if (labels && this.#blocks.hasChanges(event >>> 3)) {
      const changes = this.#blocks.changes(event);
      one.frauds = changes.length % 2;
      changedMs = changes.at(-1) ?? changedMs;
    }
    single[ROW.leastMs] = timeMs;
    single[ROW.greatestMs] = timeMs;
    single[ROW.count] = 1;
    single[ROW.sumLow] = one.sumLow;
    single[ROW.sumHigh] = one.sumHigh;
    single[ROW.squares0] = one.squares0;
    single[ROW.squares1] = one.squares1;
    single[ROW.squares2] = one.squares2;
    single[ROW.least] = one.least;
    single[ROW.greatest] = one.greatest;
    single[ROW.frauds] = one.frauds;
    single[ROW.changedMs] = changedMs;
  }
}

const one = new Tally();
const single = new Float64Array(WIDTH);

function clearRow(rows: Float64Array, at: number): void {
  rows.fill(0, at, at + WIDTH);
  rows[at + ROW.leastMs] = Number.POSITIVE_INFINITY;
  rows[at + ROW.greatestMs] = Number.NEGATIVE_INFINITY;
  rows[at + ROW.least] = Number.POSITIVE_INFINITY;
  rows[at + ROW.greatest] = Number.NEGATIVE_INFINITY;
  rows[at + ROW.changedMs] = Number.NEGATIVE_INFINITY;
}

function mergeRow(into: Float64Array, at: number, from: Float64Array, source: number): void {
  for (let member: number = ROW.count; member <= ROW.squares2; member += 1)
    into[at + member] = (into[at + member] as number) + (from[source + member] as number);
  into[at + ROW.frauds] = (into[at + ROW.frauds] as number) + (from[source + ROW.frauds] as number);
  lower(into, at + ROW.leastMs, from[source + ROW.leastMs] as number);
  lower(into, at + ROW.least, from[source + ROW.least] as number);
  raise(into, at + ROW.greatestMs, from[source + ROW.greatestMs] as number);
  raise(into, at + ROW.greatest, from[source + ROW.greatest] as number);
  raise(into, at + ROW.changedMs, from[source + ROW.changedMs] as number);
}

function lower(rows: Float64Array, at: number, value: number): void {
  if (value < (rows[at] as number)) rows[at] = value;
}

function raise(rows: Float64Array, at: number, value: number): void {
  if (value > (rows[at] as number)) rows[at] = value;
}

function addRow(tally: Tally, rows: Float64Array, at: number): void {
  tally.count += rows[at + ROW.count] as number;
  tally.sumLow += rows[at + ROW.sumLow] as number;
  tally.sumHigh += rows[at + ROW.sumHigh] as number;
  tally.squares0 += rows[at + ROW.squares0] as number;
  tally.squares1 += rows[at + ROW.squares1] as number;
  tally.squares2 += rows[at + ROW.squares2] as number;
  tally.least = Math.min(tally.least, rows[at + ROW.least] as number);
  tally.greatest = Math.max(tally.greatest, rows[at + ROW.greatest] as number);
  tally.frauds += rows[at + ROW.frauds] as number;
  tally.latestMs = Math.max(tally.latestMs, rows[at + ROW.greatestMs] as number);
}

/** Adds one event that lies in the window. */
export function tallyEvent(blocks: EventBlocks, window: Window, event: number, timeMs: number, askedMs: number): void {
  const { tally } = window;
  tally.count += 1;
  if (timeMs > tally.latestMs) tally.latestMs = timeMs;
  if (window.amounts) {
    const minor = blocks.amountMinor(event);
    tally.addAmount(minor);
    if (window.squares) tally.addSquare(minor);
  }
  if (window.frauds && blocks.isFraud(event, askedMs)) tally.frauds += 1;
}
