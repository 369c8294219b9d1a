/**
 * Open loop: transaction n is due at a time that depends on the rate alone, never on how fast Kafka answers.
 * Whoever falls behind catches up at once, but by at most `maxBehindMs` worth of transactions. What would be older is
 * forfeited and counted, and the rest of the schedule keeps its times; where nothing may be left out, all that is left of
 * the schedule is put off instead. Either way no stall is followed by an endless burst.
 */

/** What becomes of the transactions that a long stall leaves behind. */
export type AfterStall = "forfeit" | "put off";

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
  readonly #afterStall: AfterStall;
  /** Places of the schedule that are used up: handed out or forfeited. */
  #used = 0;
  #forfeited = 0;
  #behind = 0;
  #putOffMs = 0;

  /** Throws RangeError unless the rate and the bound are positive. */
  constructor(ratePerSecond: number, maxBehindMs: number, afterStall: AfterStall) {
    if (!(ratePerSecond > 0)) throw new RangeError(`rate must be > 0 transactions a second, got ${ratePerSecond}`);
    if (!(maxBehindMs > 0)) throw new RangeError(`maxBehindMs must be > 0, got ${maxBehindMs}`);
    this.#rate = ratePerSecond;
    this.#afterStall = afterStall;
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

  /** By how much the schedule runs behind the start of the run; its own times do not count it. */
  get putOffMs(): number {
    return this.#putOffMs;
  }

  /**
   * Hands out what is due at `elapsedMs`, at most `limit`: the times at which each was due, in ms of the schedule,
   * ascending. `elapsedMs`, ms since the start, must not go back.
   */
  take(elapsedMs: number, limit: number): number[] {
    let dueNow = due(elapsedMs - this.#putOffMs, this.#rate);
    const tooOld = dueNow - this.#used - this.#maxBehind;
    if (tooOld > 0 && this.#afterStall === "put off") {
      this.#putOffMs += (tooOld * 1000) / this.#rate;
      dueNow -= tooOld;
    } else if (tooOld > 0) {
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
    return Math.max(0, dueAtMs(this.#used, this.#rate) + this.#putOffMs - elapsedMs);
  }
}
