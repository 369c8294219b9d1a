/** The newest `limit` events offered: later in time first, of one instant the first offered first. */
export class Newest {
  readonly events: number[] = [];
  readonly #timesMs: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Nothing at or before this time gets in any more. */
  get barMs(): number {
    return this.events.length < this.#limit ? Number.NEGATIVE_INFINITY : (this.#timesMs.at(-1) ?? Infinity);
  }

  offer(event: number, timeMs: number): void {
    if (timeMs <= this.barMs) return;
    let at = this.events.length;
    while (at > 0 && (this.#timesMs[at - 1] as number) < timeMs) at -= 1;
    this.events.splice(at, 0, event);
    this.#timesMs.splice(at, 0, timeMs);
    this.events.length = Math.min(this.events.length, this.#limit);
    this.#timesMs.length = this.events.length;
  }
}
