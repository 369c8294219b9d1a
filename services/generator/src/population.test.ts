import { expect, test } from "vitest";
import { Population } from "./population.ts";
import { Random } from "./random.ts";

test("a customer's id depends on the seed and its number alone, not on how many customers there are", () => {
  const few = new Population(42, 10);
  const many = new Population(42, 1000);
  expect(many.ids.slice(0, 10)).toEqual(few.ids);
  expect(new Population(43, 10).ids).not.toEqual(few.ids);
});

test("50,000 customers have 50,000 different ids of 12 letters", () => {
  const { ids } = new Population(1, 50_000);
  expect(new Set(ids).size).toBe(50_000);
  expect(ids.filter((id) => !/^[a-z]{12}$/.test(id))).toEqual([]);
});

test("customer number i pays in proportion to 1 / (i + 1)", () => {
  const customers = 1000;
  const draws = 400_000;
  const population = new Population(1, customers);
  const random = new Random(5, 5);
  const counts = new Array<number>(customers).fill(0);
  for (let draw = 0; draw < draws; draw++) {
    const customer = population.draw(random);
    counts[customer] = (counts[customer] ?? 0) + 1;
  }
  const harmonic = Array.from({ length: customers }, (_, index) => 1 / (index + 1)).reduce((a, b) => a + b);
  for (const index of [0, 1, 2, 9, 99, 500, 999]) {
    const expected = draws / harmonic / (index + 1);
    // Six standard deviations of a Poisson count.
    expect(Math.abs((counts[index] ?? 0) - expected)).toBeLessThan(6 * Math.sqrt(expected));
  }
});

test.each([2, 3, 1000])("nobody among %i customers pays to themselves", (customers) => {
  const population = new Population(1, customers);
  const random = new Random(9, 9);
  const pairs = Array.from({ length: 5000 }, () => {
    const source = population.draw(random);
    return { source, target: population.drawOther(random, source) };
  });
  expect(pairs.filter(({ source, target }) => source === target)).toEqual([]);
  expect(pairs.filter(({ target }) => population.ids[target] === undefined)).toEqual([]);
});

test("a population of one is refused", () => {
  expect(() => new Population(1, 1)).toThrow("customers must be >= 2, got 1");
});
