/** A key's events as its blocks chain them, gone through from the newest block back. */
import { BLOCK_EVENTS, type EventBlocks } from "./event-blocks.ts";
import { isWanted, type Newest, type Wanted } from "./newest.ts";
import type { Questions, Window } from "./question.ts";

/**
 * Adds every event to the windows that it lies in, all in one pass. Nothing at or before `earliestMs` lies in any.
 * `ownValues`: by column, of the asking transaction; `askedMs`: what labels are known by.
 */
export function gatherChain(
  blocks: EventBlocks,
  newest: number,
  { windows, bounds, own }: Questions,
  ownValues: Float64Array,
  earliestMs: number,
  askedMs: number,
): void {
  const { pool, shape } = blocks;
  const times = shape.times >>> 2;
  for (let block = newest; block !== 0; block = blocks.previous(block)) {
    if (blocks.prefixMs(block) <= earliestMs) return;
    const slab = pool.slab(block);
    const at = pool.byte(block);
    const baseMs = slab.f64[at >>> 3] as number;
    const count = blocks.count(block);
    for (let place = 0; place < count; place += 1) {
      const timeMs = baseMs + (slab.i32[(at >>> 2) + times + place] as number);
      if (timeMs <= earliestMs) continue;
      let equal = 0;
      for (let index = 0; index < own.length; index += 1) {
        const column = own[index] as number;
        if (blocks.valueIn(slab, at, place, column) === ownValues[column]) equal |= 1 << column;
      }
      let minor = -1;
      for (let index = 0; index < windows.length; index += 1) {
        if (timeMs <= (bounds[2 * index] as number) || timeMs > (bounds[2 * index + 1] as number)) continue;
        const window = windows[index] as Window;
        if ((equal & window.need) !== window.need) continue;
        const { tally, distincts } = window;
        tally.count += 1;
        if (timeMs > tally.latestMs) tally.latestMs = timeMs;
        if (window.amounts) {
          if (minor < 0) minor = blocks.amountIn(slab, at, place);
          tally.addAmount(minor);
          if (window.squares) tally.addSquare(minor);
        }
        if (window.frauds && blocks.isFraud(block * BLOCK_EVENTS + place, askedMs)) tally.frauds += 1;
        for (let held = 0; held < distincts.length; held += 1) {
          const distinct = distincts[held] as Window["distincts"][number];
          const value = blocks.valueIn(slab, at, place, distinct.column);
          if (value !== 0 && distinct.seen.add(value)) distinct.count += 1;
          if ((equal >>> distinct.column) & 1) distinct.hasOwn = true;
        }
      }
    }
  }
}

/** The event of this id with the least time after `floorMs`; -1 if none. */
export function findInChain(blocks: EventBlocks, newest: number, low: number, high: number, floorMs: number): number {
  const { pool, shape } = blocks;
  const [lows, highs] = [shape.idLow >>> 2, shape.idHigh >>> 2];
  let found = -1;
  for (let block = newest; block !== 0; block = blocks.previous(block)) {
    if (blocks.prefixMs(block) <= floorMs) break;
    const { u32 } = pool.slab(block);
    const word = pool.byte(block) >>> 2;
    const count = blocks.count(block);
    for (let place = 0; place < count; place += 1) {
      if (u32[word + lows + place] !== low || u32[word + highs + place] !== high) continue;
      const event = block * BLOCK_EVENTS + place;
      const timeMs = blocks.timeMs(event);
      if (timeMs > floorMs && (found < 0 || timeMs < blocks.timeMs(found))) found = event;
    }
  }
  return found;
}

/** Offers the events of an open window that are wanted, from the last to arrive on. `ownValues`: as in gatherChain(). */
export function newestOfChain(
  blocks: EventBlocks,
  newest: number,
  { afterMs, untilMs, need }: Window,
  ownValues: Float64Array,
  into: Newest,
  wanted: Wanted,
): void {
  for (let block = newest; block !== 0; block = blocks.previous(block)) {
    if (blocks.prefixMs(block) <= Math.max(afterMs, into.barMs)) return;
    if (wanted.fraudAtMs !== null && !blocks.hasChanges(block)) continue;
    const first = block * BLOCK_EVENTS;
    for (let event = first + blocks.count(block) - 1; event >= first; event -= 1) {
      const timeMs = blocks.timeMs(event);
      if (timeMs <= afterMs || timeMs > untilMs || timeMs <= into.barMs) continue;
      if (isAlike(blocks, event, need, ownValues) && isWanted(blocks, event, wanted)) into.offer(event, timeMs);
    }
  }
}

function isAlike(blocks: EventBlocks, event: number, need: number, ownValues: Float64Array): boolean {
  for (let column = 0; need >>> column !== 0; column += 1)
    if ((need >>> column) & 1 && blocks.value(event, column) !== ownValues[column]) return false;
  return true;
}

/** Events with time after `afterMs`, the last to arrive first. */
export function eachBack(
  blocks: EventBlocks,
  newest: number,
  afterMs: number,
  visit: (event: number, timeMs: number) => void,
): void {
  for (let block = newest; block !== 0; block = blocks.previous(block)) {
    if (blocks.prefixMs(block) <= afterMs) return;
    const first = block * BLOCK_EVENTS;
    for (let event = first + blocks.count(block) - 1; event >= first; event -= 1) {
      const timeMs = blocks.timeMs(event);
      if (timeMs > afterMs) visit(event, timeMs);
    }
  }
}

/** All of the chain in order of arrival, expired ones too. */
export function eventsOf(blocks: EventBlocks, newest: number): number[] {
  const events: number[] = [];
  for (let block = newest; block !== 0; block = blocks.previous(block)) {
    const first = block * BLOCK_EVENTS;
    for (let event = first + blocks.count(block) - 1; event >= first; event -= 1) events.push(event);
  }
  return events.reverse();
}

/** Gives back this block and all before it. Returns how many events they had. */
export function freeChain(blocks: EventBlocks, newest: number): number {
  let events = 0;
  for (let block = newest; block !== 0; ) {
    const previous = blocks.previous(block);
    events += blocks.count(block);
    blocks.free(block);
    block = previous;
  }
  return events;
}
