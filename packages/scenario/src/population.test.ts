import { describe, expect, test } from "vitest";
import { COUNTRIES, customersFor, HOME, Population } from "./population.ts";
import { Random } from "./random.ts";
import { aScenario } from "./scenario.fixture.ts";

const populationOf = (customers: number, seed = 1) => new Population({ seed, scenario: aScenario(), customers });

test("a customer's id and habits depend on the seed and its number alone, not on how many customers there are", () => {
  const [few, many] = [populationOf(10), populationOf(1_000_000)];
  const known = (population: Population) => [
    population.customerId(3),
    population.meanMinor(3),
    population.device(3, 0),
  ];
  expect(known(many)).toEqual(known(few));
  expect(populationOf(10, 2).customerId(3)).not.toBe(few.customerId(3));
});

test("100,000 customers have 100,000 different ids of 12 letters, and so have merchants and shops", () => {
  const population = populationOf(100_000);
  const numbers = Array.from({ length: 100_000 }, (_, number) => number);
  const ids = numbers.flatMap((n) => [population.customerId(n), population.merchantId(n), population.shopId(n)]);
  expect(new Set(ids).size).toBe(300_000);
  expect(ids.filter((id) => !/^[a-z]{12}$/.test(id))).toEqual([]);
});

test("customers pay as often as the scenario says: evenly from the least to the most", () => {
  const population = populationOf(1_000);
  const random = new Random(5, 5);
  const draws = 200_000;
  const tenths = new Array<number>(10).fill(0);
  for (let draw = 0; draw < draws; draw += 1) {
    const tenth = Math.floor(population.draw(random) / 100);
    tenths[tenth] = (tenths[tenth] as number) + 1;
  }
  for (const [tenth, times] of tenths.entries()) {
    // The mean frequency of the tenth, of 0.5 to 4 a day, against that of all.
    const expected = ((0.5 + 3.5 * ((tenth + 0.5) / 10)) / 2.25) * (draws / 10);
    expect(Math.abs(times - expected)).toBeLessThan(6 * Math.sqrt(expected));
  }
});

test("homes, mean amounts and terminals within reach lie as in the handbook's tables", () => {
  const population = populationOf(5_000);
  const means = Array.from({ length: 5_000 }, (_, customer) => population.meanMinor(customer) / 100);
  expect(Math.min(...means)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...means)).toBeLessThanOrEqual(100);
  expect(means.reduce((sum, mean) => sum + mean) / 5_000).toBeCloseTo(52.5, -0.5);
  expect(population.merchants).toBe(10_000);
  const random = new Random(1, 1);
  const reached = new Set(Array.from({ length: 5_000 }, () => population.nearby(random, 77)));
  // A disc of radius 5 on a map of 100 by 100 with 10,000 terminals holds 79, and touches some more cells; half of it may be off the map.
  expect(reached.size).toBeGreaterThan(35);
  expect(reached.size).toBeLessThan(110);
});

test("regular merchants are the same few, the first the most often", () => {
  const population = populationOf(5_000);
  const random = new Random(1, 1);
  const times = new Map<number, number>();
  for (let visit = 0; visit < 6_000; visit += 1) {
    const merchant = population.regular(random, 9);
    times.set(merchant, (times.get(merchant) ?? 0) + 1);
  }
  expect(times.size).toBeLessThanOrEqual(6);
  // sqrt(1/6) of the visits.
  expect(Math.max(...times.values())).toBeGreaterThan(2_200);
});

test("a shop on the net is drawn in proportion to about 1 / (i + 1)", () => {
  const population = populationOf(10);
  const random = new Random(1, 1);
  const shops = Array.from({ length: 100_000 }, () => population.shop(random));
  expect(Math.min(...shops)).toBe(0);
  expect(Math.max(...shops)).toBeLessThan(population.shops);
  const share = (shop: number): number => shops.filter((one) => one === shop).length / shops.length;
  // log((i + 2) / (i + 1)) / log(501)
  for (const shop of [0, 1, 9]) expect(share(shop)).toBeCloseTo(Math.log((shop + 2) / (shop + 1)) / Math.log(501), 2);
});

test("nobody is somebody else", () => {
  const random = new Random(1, 1);
  for (const customers of [2, 3, 1_000]) {
    const population = populationOf(customers);
    for (let draw = 0; draw < 1_000; draw += 1) {
      const customer = population.draw(random);
      const other = population.other(random, customer);
      expect(other).not.toBe(customer);
      expect(other).toBeLessThan(customers);
    }
  }
});

test("customers are abroad for as much of their weeks as the scenario says, each week in one country", () => {
  const scenario = aScenario();
  const customers = { ...scenario.customers, abroad: 0.1 };
  const population = new Population({ seed: 1, scenario: { ...scenario, customers }, customers: 10_000 });
  const week = 7 * 86_400_000;
  const countries = Array.from({ length: 10_000 }, (_, customer) => population.country(customer, 100 * week));
  expect(countries.filter((country) => country !== HOME).length / 10_000).toBeCloseTo(0.1, 1.5);
  expect([...new Set(countries)].sort()).toEqual([...COUNTRIES, HOME].sort());
  expect(populationOf(10).country(1, 0)).toBe(HOME);
});

describe("the number of customers", () => {
  test("is what the rate needs", () => {
    // 2.25 payments a day each.
    expect(customersFor(aScenario(), 1_000, 1)).toBe(38_400_000);
    expect(customersFor(aScenario(), 1_000, 86_400)).toBe(444);
    expect(customersFor(aScenario(), 1, 1_000_000)).toBe(2);
  });

  test("below two is refused", () => {
    expect(() => populationOf(1)).toThrow("customers must be >= 2, got 1");
  });
});
