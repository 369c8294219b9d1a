/**
 * The index of a key with many events: what they are by id, and by each need of the questions (the currency, the target,
 * both, ...) the events of one group of values, under a tree once they are many.
 *
 * It holds nothing of its own: the events are in the blocks, and it is built from them whenever it is wanted.
 */
import type { EventBlocks } from "./event-blocks.ts";
import { isWanted, type Newest, type Wanted } from "./newest.ts";
import { place, removeFrom } from "./open-table.ts";
import type { Questions, Window } from "./question.ts";
import { type Summarised, SummaryTree, tallyEvent } from "./summary-tree.ts";

const SMALL_GROUP = 64;
const SMALLEST_RING = 256;
const TWO_TO_26 = 2 ** 26;

/** Alone, few in order of arrival, or many. */
type Group = number | number[] | SummaryTree;
type GroupName = number | string;

export class HotKey {
  readonly #blocks: EventBlocks;
  readonly #questions: Questions;
  readonly #kept: Summarised;
  /** By need, as the questions number them. */
  readonly #groups: Map<GroupName, Group>[];
  readonly #all: SummaryTree;
  /** Events in order of arrival; a ring of a power of two, [#first, #next). */
  #events: Uint32Array;
  #first = 0;
  #next = 0;
  #ids: Uint32Array | null;

  /** `events`: of the key, in order of arrival. */
  constructor(blocks: EventBlocks, questions: Questions, kept: Summarised, events: readonly number[]) {
    this.#blocks = blocks;
    this.#questions = questions;
    this.#kept = kept;
    this.#all = new SummaryTree(blocks, kept, events.length);
    this.#groups = questions.needs.map(() => new Map());
    let ring = SMALLEST_RING;
    while (ring < events.length) ring *= 2;
    this.#events = new Uint32Array(ring);
    this.#ids = blocks.shape.idLow < 0 ? null : new Uint32Array(ring * 2);
    for (const event of events) this.append(event, blocks.timeMs(event));
  }

  get first(): number {
    return this.at(0);
  }

  /** The event at this place from the first. */
  at(index: number): number {
    return this.#events[(this.#first + index) & (this.#events.length - 1)] as number;
  }

  append(event: number, timeMs: number): void {
    const length = this.#next - this.#first;
    if (length === this.#events.length) this.#makeRoom(length);
    this.#events[this.#next & (this.#events.length - 1)] = event;
    this.#next += 1;
    if (this.#ids !== null) place(this.#ids, event, this.#blocks.idLow(event));
    this.#all.append(event, timeMs);
    const { needs } = this.#questions;
    for (let index = 1; index < needs.length; index += 1) this.#join(index, needs[index] as number, event, timeMs);
  }

  /** Before its block is given back. */
  removeFirst(): void {
    const event = this.first;
    this.#first += 1;
    if (this.#ids !== null)
      removeFrom(this.#ids, event, this.#blocks.idLow(event), (other) => this.#blocks.idLow(other));
    this.#all.removeFirst();
    const { needs } = this.#questions;
    for (let index = 1; index < needs.length; index += 1) this.#leave(index, needs[index] as number, event);
  }

  gather(window: Window, askedMs: number, ownValues: Float64Array): void {
    const group = this.#groupOf(window.need, ownValues);
    if (group === undefined) return;
    if (group instanceof SummaryTree) {
      group.gather(window, askedMs);
      for (const distinct of window.distincts)
        group.gatherDistinct(distinct, window.afterMs, window.untilMs, ownValues[distinct.column] as number);
      return;
    }
    for (const event of typeof group === "number" ? [group] : group) {
      const timeMs = this.#blocks.timeMs(event);
      if (timeMs <= window.afterMs || timeMs > window.untilMs) continue;
      tallyEvent(this.#blocks, window, event, timeMs, askedMs);
      for (const distinct of window.distincts) {
        const value = this.#blocks.value(event, distinct.column);
        if (value !== 0 && distinct.seen.add(value)) distinct.count += 1;
        distinct.hasOwn ||= value === ownValues[distinct.column];
      }
    }
  }

  newest(window: Window, ownValues: Float64Array, into: Newest, wanted: Wanted): void {
    const group = this.#groupOf(window.need, ownValues);
    if (group === undefined) return;
    if (group instanceof SummaryTree) {
      group.newest(window, into, wanted);
      return;
    }
    const events = typeof group === "number" ? [group] : group;
    for (let index = events.length - 1; index >= 0; index -= 1) {
      const event = events[index] as number;
      const timeMs = this.#blocks.timeMs(event);
      if (timeMs <= window.afterMs || timeMs > window.untilMs || timeMs <= into.barMs) continue;
      if (isWanted(this.#blocks, event, wanted)) into.offer(event, timeMs);
    }
  }

  /** The event of this id with the least time after `floorMs`; -1 if none. */
  withId(idLow: number, idHigh: number, floorMs: number): number {
    const ids = this.#ids;
    if (ids === null) return -1;
    let found = -1;
    for (let at = idLow & (ids.length - 1); ids[at] !== 0; at = (at + 1) & (ids.length - 1)) {
      const event = ids[at] as number;
      if (!this.#blocks.hasId(event, idLow, idHigh)) continue;
      const timeMs = this.#blocks.timeMs(event);
      if (timeMs > floorMs && (found < 0 || timeMs < this.#blocks.timeMs(found))) found = event;
    }
    return found;
  }

  /** How many events lie after `floorMs`. */
  live(floorMs: number): number {
    return this.#all.countAfter(floorMs);
  }

  oldestMs(floorMs: number): number {
    return this.#all.oldestMs(floorMs);
  }

  relabel(event: number): void {
    const timeMs = this.#blocks.timeMs(event);
    this.#all.relabel(event, timeMs);
    const { needs } = this.#questions;
    for (let index = 1; index < needs.length; index += 1) {
      const group = this.#groups[index]?.get(this.#nameOf(needs[index] as number, event));
      if (group instanceof SummaryTree) group.relabel(event, timeMs);
    }
  }

  #groupOf(need: number, ownValues: Float64Array): Group | undefined {
    if (need === 0) return this.#all;
    const name = groupName(need, (column) => ownValues[column] as number);
    return this.#groups[this.#questions.needs.indexOf(need)]?.get(name);
  }

  #nameOf(need: number, event: number): GroupName {
    return groupName(need, (column) => this.#blocks.value(event, column));
  }

  #join(index: number, need: number, event: number, timeMs: number): void {
    const groups = this.#groups[index] as Map<GroupName, Group>;
    const name = this.#nameOf(need, event);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, event);
    else if (typeof group === "number") groups.set(name, [group, event]);
    else if (group instanceof SummaryTree) group.append(event, timeMs);
    else if (group.length < SMALL_GROUP) group.push(event);
    else {
      const tree = new SummaryTree(this.#blocks, this.#kept);
      for (const member of group) tree.append(member, this.#blocks.timeMs(member));
      tree.append(event, timeMs);
      groups.set(name, tree);
    }
  }

  #leave(index: number, need: number, event: number): void {
    const groups = this.#groups[index] as Map<GroupName, Group>;
    const name = this.#nameOf(need, event);
    const group = groups.get(name) as Group;
    if (typeof group === "number") groups.delete(name);
    else if (group instanceof SummaryTree) {
      group.removeFirst();
      if (group.size === 0) groups.delete(name);
    } else if (group.length === 1) groups.delete(name);
    else group.shift();
  }

  /** Twice the ring, and the ids of what is in it anew. */
  #makeRoom(length: number): void {
    const roomy = new Uint32Array(this.#events.length * 2);
    for (let at = this.#first; at < this.#next; at += 1)
      roomy[at & (roomy.length - 1)] = this.#events[at & (this.#events.length - 1)] as number;
    this.#events = roomy;
    if (this.#ids === null) return;
    this.#ids = new Uint32Array(roomy.length * 2);
    for (let index = 0; index < length; index += 1)
      place(this.#ids, this.at(index), this.#blocks.idLow(this.at(index)));
  }
}

/** One number for one or two values, which are below 2^32 and mostly far below 2^26; else a text. */
function groupName(need: number, valueIn: (column: number) => number): GroupName {
  let name: GroupName = 0;
  let fields = 0;
  for (let column = 0; need >>> column !== 0; column += 1) {
    if (((need >>> column) & 1) === 0) continue;
    const value = valueIn(column);
    if (fields === 0) name = value;
    else if (fields === 1 && value < TWO_TO_26 && Number(name) < TWO_TO_26) name = Number(name) * TWO_TO_26 + value;
    else name = `${name} ${value}`;
    fields += 1;
  }
  return name;
}
