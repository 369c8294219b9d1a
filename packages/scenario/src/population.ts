/**
 * Customers with a home, a spending profile and a frequency, merchants with a place, shops on the net: in the manner of
 * the simulator that the "Reproducible Machine Learning for Credit Card Fraud Detection" handbook publishes (customers
 * and terminals at random on a map of 100 by 100, a customer's frequency and mean amount drawn evenly, payments at
 * terminals within reach of home). Whatever belongs to a number is a hash of the seed and the number, so a population
 * of any size takes no memory and customer i is the same however many there are.
 */
import type { Scenario } from "./compile.ts";
import { hash, hashLetters, hashUnit } from "./hash.ts";
import type { Random } from "./random.ts";

export type PopulationOptions = {
  readonly seed: number;
  readonly scenario: Scenario;
  /** At least 2. */
  readonly customers: number;
};

/** Their numbers are hashed as 32 bits. */
export const MOST_CUSTOMERS = 1_000_000_000;

/** As many as make `ratePerSecond` payments a second together where event time runs `speedup` times as fast as the clock. */
export function customersFor({ customers }: Scenario, ratePerSecond: number, speedup: number): number {
  const { from, to } = customers.paymentsPerDay;
  const wanted = (ratePerSecond * 86_400) / speedup / ((from + to) / 2);
  return Math.max(2, Math.min(MOST_CUSTOMERS, Math.round(wanted)));
}

/** The country in which all live. */
export const HOME = "DE";
export const COUNTRIES = ["FR", "IT", "ES", "NL", "AT", "PL", "GB", "US"] as const;

const WEEK_MS = 7 * 86_400_000;
const YEAR_MS = 365 * 86_400_000;
const SIDE = 100;
/** What is looked up of a number. */
const OF = {
  customer: 1,
  merchant: 2,
  shop: 3,
  x: 4,
  y: 5,
  amount: 6,
  place: 7,
  device: 8,
  strangeDevice: 9,
  trip: 10,
} as const;

export class Population {
  readonly customers: number;
  readonly shops: number;
  readonly #seed: number;
  readonly #profile: Scenario["customers"];
  /** The map is cut into that many rows of that many cells, a merchant in each. */
  readonly #cells: number;

  /** Throws RangeError below two customers. */
  constructor({ seed, scenario, customers }: PopulationOptions) {
    if (!(customers >= 2)) throw new RangeError(`customers must be >= 2, got ${customers}`);
    this.customers = customers;
    this.shops = scenario.merchants.online;
    this.#seed = seed;
    this.#profile = scenario.customers;
    this.#cells = Math.max(2, Math.round(Math.sqrt(customers * scenario.merchants.perCustomer)));
  }

  get merchants(): number {
    return this.#cells ** 2;
  }

  /**
   * The number of a customer, in proportion to how often each pays. Customer i's place among all is how often: the
   * frequency grows evenly from the first to the last, so its running sum is a parabola, which is inverted here.
   */
  draw(random: Random): number {
    const { from, to } = this.#profile.paymentsPerDay;
    const slope = to - from;
    const wanted = random.unit() * (from + slope / 2);
    const place = slope === 0 ? wanted / from : (Math.sqrt(from ** 2 + 2 * slope * wanted) - from) / slope;
    return Math.min(this.customers - 1, Math.floor(place * this.customers));
  }

  /** Somebody else, all as likely. */
  other(random: Random, customer: number): number {
    const other = random.below(this.customers - 1);
    return other < customer ? other : other + 1;
  }

  customerId(customer: number): string {
    return hashLetters(this.#seed, OF.customer, customer);
  }

  merchantId(merchant: number): string {
    return hashLetters(this.#seed, OF.merchant, merchant);
  }

  shopId(shop: number): string {
    return hashLetters(this.#seed, OF.shop, shop);
  }

  /** What the customer pays on average, minor units. */
  meanMinor(customer: number): number {
    const { from, to } = this.#profile.meanMinor;
    return from + (to - from) * hashUnit(this.#seed, OF.amount, customer);
  }

  /** What the customer pays on the net with; a new one each year. */
  device(customer: number, timeMs: number): string {
    const year = Math.floor(timeMs / YEAR_MS + hashUnit(this.#seed, OF.device, customer));
    return hashLetters(this.#seed, OF.device, customer, year);
  }

  /** One of the merchants to which the customer goes again and again: place k in proportion to sqrt(k + 1) - sqrt(k). */
  regular(random: Random, customer: number): number {
    const place = Math.floor(this.#profile.regular * random.unit() ** 2);
    const of = (axis: number): number => hashUnit(this.#seed, OF.place + axis, customer, place);
    return this.#within(customer, of(16), of(32));
  }

  /** Any merchant within reach of the customer's home, all as likely. */
  nearby(random: Random, customer: number): number {
    return this.#within(customer, random.unit(), random.unit());
  }

  /** A shop on the net; shop i is drawn in proportion to about 1 / (i + 1), Zipf's law. */
  shop(random: Random): number {
    return Math.min(this.shops, Math.floor((this.shops + 1) ** random.unit())) - 1;
  }

  /** Where the customer is. Trips begin on another day of the week for each. */
  country(customer: number, timeMs: number): string {
    const share = this.#profile.abroad;
    if (share === 0) return HOME;
    const week = Math.floor(timeMs / WEEK_MS + hashUnit(this.#seed, OF.trip, customer));
    const drawn = hashUnit(this.#seed, OF.trip, customer, week + 1);
    return drawn < share ? (COUNTRIES[Math.floor((drawn / share) * COUNTRIES.length)] as string) : HOME;
  }

  /** A device that nobody has. */
  strangeDevice(random: Random): string {
    return hashLetters(this.#seed, OF.strangeDevice, random.uint32(), random.uint32());
  }

  /** The merchant of the cell that a point of the disc around home lies in, given by two numbers in [0, 1). */
  #within(customer: number, radius: number, angle: number): number {
    const seed = this.#seed;
    const distance = this.#profile.reach * Math.sqrt(radius);
    const direction = 2 * Math.PI * angle;
    const x = (hash(seed, OF.x, customer) / 2 ** 32) * SIDE + distance * Math.cos(direction);
    const y = (hash(seed, OF.y, customer) / 2 ** 32) * SIDE + distance * Math.sin(direction);
    return this.#cell(x) * this.#cells + this.#cell(y);
  }

  /** Behind the edge of the map is the edge. */
  #cell(coordinate: number): number {
    return Math.max(0, Math.min(this.#cells - 1, Math.floor((coordinate / SIDE) * this.#cells)));
  }
}
