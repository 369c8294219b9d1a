/**
 * Long computations take turns: one in each turn of the event loop, so that answers of the log, heartbeats and requests
 * are attended to between any two of them.
 */
import type { Clock } from "./clock.ts";

export class Turns {
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves in a turn in which no other caller's has resolved. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => this.#clock.turn());
    return this.#last;
  }
}
