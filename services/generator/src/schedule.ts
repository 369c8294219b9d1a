/**
 * Open loop: transaction n is due at a time that depends on the rate alone, never on how fast Kafka answers.
 * Whoever falls behind catches up at once, but by at most `maxBehindMs` worth of transactions: what is older
 * is forfeited, counted, and the rest of the schedule keeps its times. So no stall is followed by an endless burst.
 */

/** How many transactions are due in the first `elapsedMs` of a run; one every 1000 / rate ms, none at 0. */
export function due(elapsedMs: number, ratePerSecond: number): number {
  return Math.floor((elapsedMs * ratePerSecond) / 1000);
}

/** When transaction `number` (from 0) is due, in ms since the start of the run. */
export function dueAtMs(number: number, ratePerSecond: number): number {
  return ((number + 1) * 1000) / ratePerSecond;
}

export class Schedule {
  readonly #rate: number;
  readonly #maxBehind: number;
  /** Places of the schedule that are used up: handed out or forfeited. */
  #used = 0;
  #forfeited = 0;
  #behind = 0;

  /** Throws RangeError unless the rate and the bound are positive. */
  constructor(ratePerSecond: number, maxBehindMs: number) {
    if (!(ratePerSecond > 0)) throw new RangeError(`rate must be > 0 transactions a second, got ${ratePerSecond}`);
    if (!(maxBehindMs > 0)) throw new RangeError(`maxBehindMs must be > 0, got ${maxBehindMs}`);
    this.#rate = ratePerSecond;
    this.#maxBehind = Math.max(1, Math.ceil((ratePerSecond * maxBehindMs) / 1000));
  }

  /** Due but not handed out, as of the last take(). */
  get behind(): number {
    return this.#behind;
  }

  /** Given up so far. */
  get forfeited(): number {
    return this.#forfeited;
  }

  /**
   * Hands out what is due at `elapsedMs`, at most `limit`: the times at which each was due, in ms since the
   * start, ascending. `elapsedMs` must not go back.
   */
  take(elapsedMs: number, limit: number): number[] {
    const dueNow = due(elapsedMs, this.#rate);
    const tooOld = dueNow - this.#used - this.#maxBehind;
    if (tooOld > 0) {
      this.#used += tooOld;
      this.#forfeited += tooOld;
    }
    const count = Math.max(0, Math.min(limit, dueNow - this.#used));
    const times = Array.from({ length: count }, (_, index) => dueAtMs(this.#used + index, this.#rate));
    this.#used += count;
    this.#behind = Math.max(0, dueNow - this.#used);
    return times;
  }

  /** Ms from `elapsedMs` until the next transaction is due; 0 if one is due already. */
  waitMs(elapsedMs: number): number {
    return Math.max(0, dueAtMs(this.#used, this.#rate) - elapsedMs);
  }
}
