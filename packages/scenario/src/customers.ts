/** What customers pay when nobody robs them, drift included. */
import type { Scenario } from "./compile.ts";
import type { Population } from "./population.ts";
import type { Random } from "./random.ts";

/** A payment of a customer before it is known whether it is fraud. */
export type Intention = {
  readonly customer: number;
  /** A merchant of the map; null: a shop on the net. */
  readonly merchant: number | null;
  readonly target: string;
  readonly amountMinor: number;
  readonly country: string;
  readonly device: string | null;
};

/** What drifts. */
type Habits = { readonly amounts: number; readonly online: number; readonly elsewhere: number };

export class Customers {
  readonly #scenario: Scenario;
  readonly #population: Population;
  readonly #random: Random;
  /** Before any drift. */
  readonly #before: Habits;
  #beganMs: number | null = null;

  constructor(scenario: Scenario, population: Population, random: Random) {
    this.#scenario = scenario;
    this.#population = population;
    this.#random = random;
    const { online, elsewhere } = scenario.customers;
    this.#before = { amounts: 1, online, elsewhere };
  }

  /** The next one, at `timeMs`. The first call begins the stream, from which drift counts. */
  pay(timeMs: number): Intention {
    const { customers } = this.#scenario;
    const [population, random] = [this.#population, this.#random];
    const drifted = this.#drifted(timeMs);
    const customer = population.draw(random);
    const online = random.unit() < drifted.online;
    const amountMinor = this.#amount(customer, drifted.amounts);
    if (online) {
      const target = population.shopId(population.shop(random));
      const [country, device] = [population.country(customer, timeMs), population.device(customer, timeMs)];
      return { customer, merchant: null, target, amountMinor, country, device };
    }
    const isElsewhere = customers.elsewhere === 1 || random.unit() < drifted.elsewhere;
    const merchant = isElsewhere ? population.nearby(random, customer) : population.regular(random, customer);
    const target = population.merchantId(merchant);
    return { customer, merchant, target, amountMinor, country: population.country(customer, timeMs), device: null };
  }

  #amount(customer: number, factor: number): number {
    const { large, spread, amounts, leastMinor, mostMinor } = this.#scenario.customers;
    const random = this.#random;
    if (large !== null && random.unit() < large.share) return random.whole(large.amountMinor);
    const mean = this.#population.meanMinor(customer) * factor;
    let amount = 0;
    if (amounts === "lognormal") amount = mean * Math.exp(spread * random.normal() - spread ** 2 / 2);
    else {
      amount = mean * (1 + spread * random.normal());
      // As in the handbook's simulator.
      if (amount < 0) amount = random.unit() * 2 * mean;
    }
    return Math.round(Math.max(leastMinor, Math.min(mostMinor, amount)));
  }

  #drifted(timeMs: number): Habits {
    this.#beganMs ??= timeMs;
    const { drift } = this.#scenario;
    if (drift === null) return this.#before;
    const { online, elsewhere } = this.#before;
    const done = Math.max(0, Math.min(1, (timeMs - this.#beganMs - drift.afterMs) / drift.overMs));
    return {
      amounts: 1 + (drift.amounts - 1) * done,
      online: online + (drift.online - online) * done,
      elsewhere: elsewhere + (drift.elsewhere - elsewhere) * done,
    };
  }
}
