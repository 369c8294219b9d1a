/**
 * Since when a state knows all that happened. It may not: the log had been cut off when the state was rebuilt from it, or
 * other stages, of another ruleset, decided for a while. A decision whose windows reach back further says so.
 *
 * What an earlier stage says counts here too, from its first record on: several of its partitions write into one log, each
 * with a beginning of its own.
 */

/** As the runtime says it: the beginning is the next transaction. */
const BEGINS = Number.MAX_SAFE_INTEGER;

export class History {
  /** Event time, ms; 0: nothing is unknown. */
  sinceMs = 0;

  /** Takes in a transaction; `earlierMs`: what the stage before says, 0 if nothing. */
  saw(timeMs: number, earlierMs = 0): void {
    this.sinceMs = this.#as(timeMs, earlierMs);
  }

  /** What a decision on a transaction says whose longest window is `reachMs`; 0: all that it asks for is known. */
  unknownBefore(timeMs: number, reachMs: number, earlierMs = 0): number {
    const sinceMs = this.#as(timeMs, earlierMs);
    return sinceMs > timeMs - reachMs && reachMs > 0 ? sinceMs : 0;
  }

  #as(timeMs: number, earlierMs: number): number {
    return Math.max(this.sinceMs === BEGINS ? timeMs : this.sinceMs, earlierMs);
  }
}
