/**
 * The event times of one key: in order of arrival, which is how they are persisted, and in order of time,
 * which is how they are counted. While events arrive in time order the two are one array.
 *
 * Arrival order is cut into chunks of 256; the chunks kept are [base, base + n), all full but the last.
 */
import { CHUNK_EVENTS } from "./chunk.ts";

const SMALLEST = 4;

/** A chunk with events that no snapshot holds. */
export type Dirty = {
  readonly times: KeyTimes;
  readonly ordinal: number;
  /** Its oldest such event, and the stream time just before it. */
  readonly offset: number;
  readonly streamTimeMs: number;
  /** First event of the next chunk; -1 while there is none. */
  closedAt: number;
};

export class KeyTimes {
  readonly key: string;
  /** Events at offsets below are in here already: replay passes them over. */
  asOf = 0;
  /** Ordinal of the first chunk kept. */
  base = 0;
  /** Greatest event time there ever was; -1 before the first. */
  maxMs = -1;
  /** Chunks that the state topic may hold: [bottom, top). */
  bottom = 0;
  top = 0;
  /** The newest chunk, when it is dirty. */
  newestDirty: Dirty | null = null;

  /** Arrival order: #log[#start, #end). */
  #log = new Float64Array(SMALLEST);
  #start = 0;
  #end = 0;
  /** Time order, without what had expired when it was last made room in; null: #log is in time order. */
  #sorted: Float64Array | null = null;
  #sortedStart = 0;
  #sortedEnd = 0;
  /** Greatest time of the first chunk; NaN: not looked at. */
  #headMaxMs = Number.NaN;

  constructor(key: string) {
    this.key = key;
  }

  /** Events kept, expired ones included until their whole chunk goes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The chunk that the next event goes to. */
  get openChunk(): number {
    return this.base + Math.floor(this.length / CHUNK_EVENTS);
  }

  /** `expiredMs`: times up to this can never be counted again. */
  append(timeMs: number, expiredMs: number): void {
    if (this.#sorted !== null) this.#insertSorted(timeMs, expiredMs);
    else if (timeMs < this.maxMs && this.length > 0) this.#fork(timeMs);
    if (this.#end === this.#log.length) this.#makeRoom();
    this.#log[this.#end++] = timeMs;
    if (timeMs > this.maxMs) this.maxMs = timeMs;
  }

  /** How many of the kept times are in (afterMs, untilMs]. */
  count(afterMs: number, untilMs: number): number {
    if (afterMs >= untilMs) return 0;
    const times = this.#sorted ?? this.#log;
    const start = this.#sorted === null ? this.#start : this.#sortedStart;
    const end = this.#sorted === null ? this.#end : this.#sortedEnd;
    return upperBound(times, start, end, untilMs) - upperBound(times, start, end, afterMs);
  }

  /** Lets go of the chunks at the front in which every event has expired. Returns whether any went. */
  dropExpired(expiredMs: number): boolean {
    const before = this.base;
    if (this.maxMs <= expiredMs) {
      if (this.length > 0) this.#dropAll();
      return this.base !== before;
    }
    while (this.length > CHUNK_EVENTS) {
      if (Number.isNaN(this.#headMaxMs)) this.#headMaxMs = greatest(this.#log, this.#start, this.#start + CHUNK_EVENTS);
      if (this.#headMaxMs > expiredMs) break;
      this.#start += CHUNK_EVENTS;
      this.base += 1;
      this.#headMaxMs = Number.NaN;
    }
    return this.base !== before;
  }

  /** The events of one kept chunk, in order of arrival; a view, valid until the next change. */
  chunk(ordinal: number): Float64Array {
    const from = this.#start + (ordinal - this.base) * CHUNK_EVENTS;
    if (from < this.#start || from >= this.#end)
      throw new RangeError(`chunk ${ordinal} is not kept, only [${this.base}, ${this.openChunk}]`);
    return this.#log.subarray(from, Math.min(from + CHUNK_EVENTS, this.#end));
  }

  /** Times after `expiredMs`, in time order. */
  live(expiredMs: number): number[] {
    const times = Array.from(this.#log.subarray(this.#start, this.#end)).filter((time) => time > expiredMs);
    return times.sort((a, b) => a - b);
  }

  /** A chunk that is not full is closed for ever here: what comes next begins a new one. */
  #dropAll(): void {
    this.base += Math.ceil(this.length / CHUNK_EVENTS);
    this.#log = new Float64Array(SMALLEST);
    this.#start = this.#end = 0;
    this.#sorted = null;
    this.#headMaxMs = Number.NaN;
  }

  #makeRoom(): void {
    const { length } = this;
    const roomy = length <= this.#log.length >> 1 ? this.#log : new Float64Array(this.#log.length * 2);
    if (roomy === this.#log) roomy.copyWithin(0, this.#start, this.#end);
    else roomy.set(this.#log.subarray(this.#start, this.#end));
    this.#log = roomy;
    this.#start = 0;
    this.#end = length;
  }

  #fork(timeMs: number): void {
    const { length } = this;
    const sorted = new Float64Array(Math.max(this.#log.length, length + 1));
    const at = upperBound(this.#log, this.#start, this.#end, timeMs) - this.#start;
    sorted.set(this.#log.subarray(this.#start, this.#start + at));
    sorted[at] = timeMs;
    sorted.set(this.#log.subarray(this.#start + at, this.#end), at + 1);
    this.#sorted = sorted;
    this.#sortedStart = 0;
    this.#sortedEnd = length + 1;
  }

  #insertSorted(timeMs: number, expiredMs: number): void {
    let sorted = this.#sorted as Float64Array;
    if (this.#sortedEnd === sorted.length) {
      if (this.#isInTimeOrder() && timeMs >= (this.#log[this.#end - 1] ?? -1)) {
        this.#sorted = null;
        return;
      }
      sorted = this.#makeSortedRoom(sorted, expiredMs);
    }
    const at = upperBound(sorted, this.#sortedStart, this.#sortedEnd, timeMs);
    sorted.copyWithin(at + 1, at, this.#sortedEnd);
    sorted[at] = timeMs;
    this.#sortedEnd += 1;
  }

  #makeSortedRoom(sorted: Float64Array, expiredMs: number): Float64Array {
    this.#sortedStart = upperBound(sorted, this.#sortedStart, this.#sortedEnd, expiredMs);
    const kept = sorted.subarray(this.#sortedStart, this.#sortedEnd);
    const roomy = new Float64Array(kept.length > sorted.length >> 1 ? sorted.length * 2 : sorted.length);
    roomy.set(kept);
    this.#sorted = roomy;
    this.#sortedStart = 0;
    this.#sortedEnd = kept.length;
    return roomy;
  }

  #isInTimeOrder(): boolean {
    for (let index = this.#start + 1; index < this.#end; index += 1)
      if ((this.#log[index] as number) < (this.#log[index - 1] as number)) return false;
    return true;
  }
}

/** First place in times[start, end), which rises, whose time is > bound; `end` if none. */
function upperBound(times: Float64Array, start: number, end: number, bound: number): number {
  // Most questions are about the newest event.
  if (end === start || (times[end - 1] as number) <= bound) return end;
  let low = start;
  let high = end - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function greatest(times: Float64Array, start: number, end: number): number {
  let most = times[start] as number;
  for (let index = start + 1; index < end; index += 1)
    if ((times[index] as number) > most) most = times[index] as number;
  return most;
}
