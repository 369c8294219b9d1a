import fc from "fast-check";
import { expect, test } from "vitest";
import { PendingLabels } from "./pending-labels.ts";

test("a label is known from labelledAt on, that instant included", () => {
  const pending = new PendingLabels<{ labelledAtMs: number }>();
  pending.add({ labelledAtMs: 10 });
  expect(pending.takeKnown(9)).toBeNull();
  expect(pending.takeKnown(10)).toEqual({ labelledAtMs: 10 });
  expect(pending.takeKnown(10)).toBeNull();
});

test("labels come in the order in which they become known, ties in the order of arrival", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(3))), (steps) => {
      const pending = new PendingLabels<{ labelledAtMs: number; place: number }>();
      const waiting: { labelledAtMs: number; place: number }[] = [];
      for (const [place, [labelledAtMs, taken]] of steps.entries()) {
        pending.add({ labelledAtMs, place });
        waiting.push({ labelledAtMs, place });
        waiting.sort((a, b) => a.labelledAtMs - b.labelledAtMs || a.place - b.place);
        for (let count = 0; count < taken; count += 1) expect(pending.takeKnown(20)).toEqual(waiting.shift() ?? null);
        expect(pending.size).toBe(waiting.length);
      }
    }),
  );
});
