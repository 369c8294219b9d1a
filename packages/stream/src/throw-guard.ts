import { Unrecoverable } from "./port.ts";

const WINDOW_MS = 60_000;

/**
 * Stops a stage whose step throws too often: a bug must not turn a whole stream into rejected records.
 * A few poisonous records pass (each is rejected `internal`); more than `atLeast` within a minute that are
 * also more than `share` of that minute's records do not.
 */
export class ThrowGuard {
  readonly #share: number;
  readonly #atLeast: number;
  #sinceMs = 0;
  #records = 0;
  #thrown = 0;

  constructor(share: number, atLeast: number) {
    if (!(share > 0 && share <= 1)) throw new RangeError(`share must be in (0, 1], got ${share}`);
    this.#share = share;
    this.#atLeast = atLeast;
  }

  /** Throws Unrecoverable when the bound is passed; call it before the batch is committed. */
  check(nowMs: number, records: number, thrown: number): void {
    if (nowMs - this.#sinceMs >= WINDOW_MS) {
      this.#sinceMs = nowMs;
      this.#records = 0;
      this.#thrown = 0;
    }
    this.#records += records;
    this.#thrown += thrown;
    if (this.#thrown > this.#atLeast && this.#thrown > this.#share * this.#records)
      throw new Unrecoverable(
        `the engine threw on ${this.#thrown} of ${this.#records} records within a minute, more than ` +
          `${this.#atLeast} and ${this.#share * 100} %: this is a fault of the engine or the ruleset, not of the input`,
      );
  }
}
