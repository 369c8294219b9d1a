import fc from "fast-check";
import { expect, test } from "vitest";
import { isExact, parseDecisionId, Tally } from "./tally.ts";

/** Two partitions, offsets 10..14 and 0..2, an input at each. */
function aTally(): Tally {
  const tally = new Tally("in", [
    { start: 10, end: 15 },
    { start: 0, end: 3 },
  ]);
  for (let offset = 0; offset < 20; offset++) {
    tally.input(0, offset);
    tally.input(1, offset);
  }
  return tally;
}

const ids = ["in/0/10", "in/0/11", "in/0/12", "in/0/13", "in/0/14", "in/1/0", "in/1/1", "in/1/2"];

test("one output for each input of the range is exact, in any order, whatever lies outside the range", () => {
  const tally = aTally();
  for (const id of [...ids].reverse()) tally.output(id);
  for (const id of ["in/0/9", "in/0/15", "in/7/0", "other/0/10"]) tally.output(id);
  expect(tally.result()).toEqual({
    inputs: 8,
    once: 8,
    missing: 0,
    doubled: 0,
    foreign: 0,
    anonymous: 0,
    examples: [],
  });
  expect(isExact(tally.result())).toBe(true);
});

test("a missing and a doubled output are found and named", () => {
  const tally = aTally();
  for (const id of ids) if (id !== "in/0/12") tally.output(id);
  tally.output("in/1/2");
  tally.output("in/1/2");
  const result = tally.result();
  expect(result).toMatchObject({ inputs: 8, once: 6, missing: 1, doubled: 1 });
  expect(result.examples).toEqual(["in/0/12 has no output", "in/1/2 has more than one output"]);
  expect(isExact(result)).toBe(false);
});

test("an offset without a record needs no output, and an output for it is not exact", () => {
  const tally = new Tally("in", [{ start: 0, end: 3 }]);
  tally.input(0, 0);
  tally.input(0, 2);
  tally.output("in/0/0");
  tally.output("in/0/2");
  expect(isExact(tally.result())).toBe(true);
  tally.output("in/0/1");
  expect(tally.result()).toMatchObject({ foreign: 1, missing: 0, doubled: 0 });
  expect(isExact(tally.result())).toBe(false);
});

test("outputs without a decision id are counted and no fault of this run", () => {
  const tally = new Tally("in", [{ start: 0, end: 0 }]);
  for (const id of [null, "", "in/0", "in/x/0"]) tally.output(id);
  expect(tally.result()).toMatchObject({ anonymous: 4 });
});

test("a decision id is topic, partition and offset", () => {
  expect(parseDecisionId("queueing.transactions/3/123456789012")).toEqual({
    topic: "queueing.transactions",
    partition: 3,
    offset: 123_456_789_012,
  });
  expect(parseDecisionId("a/b/0/1")).toBeNull();
});

test("missing and doubled are what was left out and repeated, whatever was settled in between", () => {
  const times = fc.array(fc.nat(3), { minLength: 1, maxLength: 200 });
  const order = fc.infiniteStream(fc.nat(2 ** 31));
  fc.assert(
    fc.property(times, order, fc.boolean(), (outputs, chance, followed) => {
      const end = followed ? Number.POSITIVE_INFINITY : 5 + outputs.length;
      const tally = new Tally("in", [{ start: 5, end }]);
      const events = outputs.flatMap((times, index) => [
        () => tally.input(0, 5 + index),
        ...Array.from({ length: times }, () => () => tally.output(`in/0/${5 + index}`)),
      ]);
      while (events.length > 0) {
        events.splice((chance.next().value as number) % events.length, 1)[0]?.();
        if ((chance.next().value as number) % 3 === 0) tally.settle();
      }
      expect(tally.result()).toMatchObject({
        inputs: outputs.length,
        once: outputs.filter((times) => times === 1).length,
        missing: outputs.filter((times) => times === 0).length,
        doubled: outputs.filter((times) => times > 1).length,
        foreign: 0,
      });
    }),
  );
});
