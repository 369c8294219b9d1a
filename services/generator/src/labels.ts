/**
 * What some of the payments turn out to be, told later: a seeded share of them is fraud, and each one's label is due
 * `delayMs` after the payment. Which payments those are depends on the seed and their number alone.
 */
import type { Random } from "./random.ts";
import type { SinkRecord } from "./sink.ts";

export type LabelOptions = {
  readonly random: Random;
  /** Of 1000 transactions, on average. */
  readonly fraudPerMille: number;
  readonly delayMs: number;
};

export type Payment = {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly timestampMs: number;
};

/** Labels that may wait for their time; a payment beyond that is never told. */
export const MAX_PENDING = 200_000;

export class Labels {
  readonly #options: LabelOptions;
  /** In the order in which they are due. */
  #pending: SinkRecord[] = [];
  #forfeited = 0;

  constructor(options: LabelOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Labels that were given up because too many were waiting. */
  get forfeited(): number {
    return this.#forfeited;
  }

  /** Draws whether it is fraud. Ids and parties must need no escaping in JSON. */
  paid({ id, source, target, timestampMs }: Payment): void {
    const { random, fraudPerMille, delayMs } = this.#options;
    if (random.below(1000) >= fraudPerMille) return;
    if (this.#pending.length >= MAX_PENDING) {
      this.#forfeited += 1;
      return;
    }
    const labelledAt = timestampMs + delayMs;
    const text =
      `{"transaction":"${id}","source":"${source}","target":"${target}","timestamp":${timestampMs},` +
      `"fraud":true,"labelledAt":${labelledAt}}`;
    const [key, value] = [Buffer.from(source, "latin1"), Buffer.from(text, "latin1")];
    this.#pending.push({ key, value, partition: null, timestampMs: labelledAt });
  }

  /** At most `limit` of those that are due; each is handed out once. */
  take(nowMs: number, limit: number): readonly SinkRecord[] {
    const most = Math.min(limit, this.#pending.length);
    let due = 0;
    while (due < most && (this.#pending[due] as SinkRecord).timestampMs <= nowMs) due++;
    return due === 0 ? [] : this.#pending.splice(0, due);
  }
}
