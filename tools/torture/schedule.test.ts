import { expect, test } from "vitest";
import { FAULTS, type Fault, ofBrokers, schedule } from "./schedule.ts";

const drawn = (seed: number, count: number): Fault[] => schedule(seed, FAULTS).take(count).toArray();

test("every kind of fault happens once before any happens twice", () => {
  for (const seed of [1, 2, 3]) expect(drawn(seed, FAULTS.length).toSorted()).toEqual(FAULTS.toSorted());
});

test("a broker that is alone is not stopped in good order", () => {
  expect(ofBrokers(1)).toEqual(FAULTS.filter((fault) => fault !== "broker restart"));
  expect(ofBrokers(3)).toEqual(FAULTS);
});

test("a seed draws the same faults again, another one others", () => {
  expect(drawn(7, 200)).toEqual(drawn(7, 200));
  expect(drawn(8, 200)).not.toEqual(drawn(7, 200));
  expect(new Set(drawn(7, 1_000).slice(FAULTS.length))).toEqual(new Set(FAULTS));
});
