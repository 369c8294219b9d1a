import fc from "fast-check";
import { expect, test } from "vitest";
import { createHitLabels, parseDecisionLabel } from "./step-labels.ts";

const ids = Array.from({ length: 70 }, (_, index) => `rule-${index}`);

test("a label names exactly the rules that hit, however many there are and whatever was asked before", () => {
  const withHits = createHitLabels(ids);
  const places = fc
    .uniqueArray(fc.nat(ids.length - 1), { maxLength: 20 })
    .map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(fc.constantFrom("approve", "decline+late"), places, (label, hits) => {
      const { outcome, marks, rules } = parseDecisionLabel(withHits(label, hits));
      expect([outcome, ...marks].join("+")).toBe(label);
      expect(rules).toEqual(hits.map((hit) => ids[hit]));
    }),
  );
});
