/**
 * The attacks that turn payments of customers into fraud: the three scenarios of the card-fraud handbook, in its order.
 * Where a payment is subject to two of them, the later one says what it is.
 */
import { minorOf, type Scenario } from "../compile.ts";
import { DAY_MS } from "../event-clock.ts";
import type { Fraud } from "../payment.ts";
import type { Population } from "../population.ts";
import type { Random } from "../random.ts";

/** A payment of a customer before it is sent. */
export type Intended = {
  readonly customer: number;
  /** A merchant of the map; null: a shop on the net. */
  readonly merchant: number | null;
  readonly amountMinor: number;
};

export type Turned = { readonly amountMinor: number; readonly fraud: Fraud | null };

type Affected = { readonly untilMs: number; readonly episode: number };

export class TurningAttacks {
  readonly #attacks: Scenario["attacks"];
  readonly #random: Random;
  readonly #population: Population;
  readonly #mostMinor: number;
  readonly #merchants = new Map<number, Affected>();
  readonly #customers = new Map<number, Affected>();
  #nextDayMs: number | null = null;
  #episodes = { payments: 0, merchants: 0, customers: 0 };

  constructor(scenario: Scenario, population: Population, random: Random) {
    this.#attacks = scenario.attacks;
    this.#mostMinor = scenario.customers.mostMinor;
    this.#population = population;
    this.#random = random;
  }

  /** Whether it is fraud, and its amount. Times must not go back by more than a day. */
  turn({ customer, merchant, amountMinor }: Intended, timeMs: number): Turned {
    const { large_amounts: large, merchant_compromise: shops, stolen_credentials: stolen } = this.#attacks;
    if (shops !== undefined || stolen !== undefined) this.#beginDays(timeMs);
    let turned: Turned = { amountMinor, fraud: null };
    if (large !== undefined && amountMinor > minorOf(large.above))
      turned = { amountMinor, fraud: { attack: "large_amounts", episode: this.#episodes.payments++ } };
    const compromised = merchant === null ? undefined : this.#merchants.get(merchant);
    if (shops !== undefined && isNow(compromised, timeMs) && this.#random.unit() < shops.share)
      turned = { amountMinor, fraud: { attack: "merchant_compromise", episode: compromised.episode } };
    const robbed = this.#customers.get(customer);
    if (stolen !== undefined && isNow(robbed, timeMs) && this.#random.unit() < stolen.share) {
      const dearer = Math.min(this.#mostMinor, Math.round(amountMinor * stolen.factor));
      turned = { amountMinor: dearer, fraud: { attack: "stolen_credentials", episode: robbed.episode } };
    }
    return turned;
  }

  /** What begins with the days that have come. */
  #beginDays(timeMs: number): void {
    this.#nextDayMs ??= timeMs;
    for (; this.#nextDayMs <= timeMs; this.#nextDayMs += DAY_MS) {
      const { merchant_compromise: shops, stolen_credentials: stolen } = this.#attacks;
      if (shops !== undefined) {
        const { merchants } = this.#population;
        this.#begin(this.#merchants, merchants, shops.merchants_per_day, shops.days, "merchants");
      }
      if (stolen !== undefined) {
        const { customers } = this.#population;
        this.#begin(this.#customers, customers, stolen.customers_per_day, stolen.days, "customers");
      }
    }
  }

  #begin(
    affected: Map<number, Affected>,
    all: number,
    perDay: number,
    days: number,
    counter: "merchants" | "customers",
  ): void {
    const nowMs = this.#nextDayMs as number;
    for (const [number, { untilMs }] of affected) if (untilMs <= nowMs) affected.delete(number);
    for (let left = this.#random.poisson(all * perDay); left > 0; left -= 1) {
      const number = this.#random.below(all);
      // Whoever is affected already only stays so for longer.
      const episode = affected.get(number)?.episode ?? this.#episodes[counter]++;
      affected.set(number, { untilMs: nowMs + days * DAY_MS, episode });
    }
  }
}

function isNow(affected: Affected | undefined, timeMs: number): affected is Affected {
  return affected !== undefined && timeMs < affected.untilMs;
}
