/** The newest events of a window, and which of its events are asked for. */
import type { EventBlocks } from "./event-blocks.ts";

/** Those that have a value in a column (-1: all), or that a time's labels call fraud. */
export type Wanted = { readonly column: number; readonly fraudAtMs: number | null };

export function isWanted(blocks: EventBlocks, event: number, { column, fraudAtMs }: Wanted): boolean {
  if (fraudAtMs !== null) return blocks.isFraud(event, fraudAtMs);
  return column < 0 || blocks.value(event, column) !== 0;
}

/** The newest `limit` (at least 1) events offered: later in time first, of one instant the first offered first. */
export class Newest {
  readonly events: number[] = [];
  /** Nothing at or before this time gets in any more. */
  barMs = Number.NEGATIVE_INFINITY;
  readonly #timesMs: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(event: number, timeMs: number): void {
    if (timeMs <= this.barMs) return;
    const { events } = this;
    const timesMs = this.#timesMs;
    if (events.length === this.#limit) {
      events.pop();
      timesMs.pop();
    }
    let at = events.length;
    events.push(event);
    timesMs.push(timeMs);
    for (; at > 0 && (timesMs[at - 1] as number) < timeMs; at -= 1) {
      events[at] = events[at - 1] as number;
      timesMs[at] = timesMs[at - 1] as number;
    }
    events[at] = event;
    timesMs[at] = timeMs;
    if (events.length === this.#limit) this.barMs = timesMs[this.#limit - 1] as number;
  }
}
