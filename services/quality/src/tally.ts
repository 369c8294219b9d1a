/** What became of the payments of one period of event time. All of it is sums, so that periods can be added up. */
import type { Payment } from "./payment.ts";

/**
 * open: its label may still come; fraud, genuine: what its label says; unlabelled: none came in time, and by all that is
 * known it was genuine.
 */
export const TRUTHS = ["open", "fraud", "genuine", "unlabelled"] as const;
export type Truth = (typeof TRUTHS)[number];

export type ByTruth = Record<Truth, number>;

/** What of a payment is counted. */
export type Counted = Pick<Payment, "outcome" | "currency" | "amountMinor" | "rules">;

/** Money is in minor units. */
export class Tally {
  /** By outcome. */
  readonly payments = new Sums();
  /** By outcome, then currency. */
  readonly money = new Sums();
  /** By rule. */
  readonly hits = new Sums();
  /** By rule, then currency. */
  readonly hitMoney = new Sums();
  /** By bin of the score. */
  readonly scores: number[] = [];

  /** `count` -1 takes back what was said of a payment. */
  add({ outcome, currency, amountMinor, rules }: Counted, truth: Truth, count: 1 | -1): void {
    this.payments.add([outcome], truth, count);
    for (const rule of rules) this.hits.add([rule], truth, count);
    if (currency === null) return;
    this.money.add([outcome, currency], truth, count * amountMinor);
    for (const rule of rules) this.hitMoney.add([rule, currency], truth, count * amountMinor);
  }

  score(bin: number): void {
    this.scores[bin] = (this.scores[bin] ?? 0) + 1;
  }

  include(other: Tally): void {
    for (const name of ["payments", "money", "hits", "hitMoney"] as const) this[name].include(other[name]);
    for (const [bin, count] of other.scores.entries()) this.scores[bin] = (this.scores[bin] ?? 0) + (count ?? 0);
  }
}

/** Names hold no blank: outcomes, ids of rules, codes of currencies. */
const BETWEEN = " ";

export class Sums {
  readonly #sums = new Map<string, ByTruth>();

  add(names: readonly string[], truth: Truth, amount: number): void {
    this.#of(names.join(BETWEEN))[truth] += amount;
  }

  include(other: Sums): void {
    for (const [name, sums] of other.#sums) for (const truth of TRUTHS) this.#of(name)[truth] += sums[truth];
  }

  *[Symbol.iterator](): IterableIterator<{ readonly names: readonly string[]; readonly sums: Readonly<ByTruth> }> {
    for (const [name, sums] of this.#sums) yield { names: name.split(BETWEEN), sums };
  }

  of(...names: readonly string[]): Readonly<ByTruth> {
    return this.#sums.get(names.join(BETWEEN)) ?? nothing();
  }

  #of(name: string): ByTruth {
    let sums = this.#sums.get(name);
    if (sums === undefined) {
      sums = nothing();
      this.#sums.set(name, sums);
    }
    return sums;
  }
}

function nothing(): ByTruth {
  return { open: 0, fraud: 0, genuine: 0, unlabelled: 0 };
}
