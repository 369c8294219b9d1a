import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression } from "./expression.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Feature } from "./feature.ts";
import { Names } from "./names.ts";

const aFeature = { and: [], field: null, windowMs: 9, delayMs: 0, before: true, otherwise: 0 } as const;
const FEATURES: readonly Feature[] = [
  { ...aFeature, name: "a", by: "source", aggregate: "mean" },
  { ...aFeature, name: "b", by: "source", aggregate: "mean" },
  { ...aFeature, name: "c", by: "target", aggregate: "mean" },
  { ...aFeature, name: "d", by: "target", aggregate: "mean", otherwise: Number.NaN },
];
const names = new Names();
for (const [index, feature] of FEATURES.entries()) names.declareFeature(feature, index);

function compiled(text: string) {
  const result = compileExpression(text, names, { constants: false });
  if (!result.ok) throw new Error(`${text}: ${result.faults.map(({ message }) => message).join("; ")}`);
  return result.expression;
}

function factsWith(features: readonly number[], amount = 10): Facts {
  const texts = { id: null, channel: null, country: null, category: null, device: null, location: null };
  const money = { amountMinor: amount * 100, exponent: 2, currency: "EUR", timestampMs: null };
  return factsOf({ source: "s", target: "t", ...money, ...texts }, Float64Array.from(features), 0);
}

test.each([
  // Known: a = 1, b = 2. Unknown: c, d.
  ["a > 0 && c > 5", true],
  ["a > 1 && c > 5", false],
  ["c > 5 && a > 1", false],
  ["a > 1 || c > 5", true],
  ["!(a > 0 || c > 5)", false],
  ["!(a > 1 || c > 5)", true],
  ["!(a > 0 && c > 5)", true],
  ["c > 5 ? a > 1 : b > 9", false],
  ["c > 5 ? a > 1 : b > 1", true],
  ["a > 1 ? c > 5 : b > 9", false],
  ["a > 0 ? c > 5 : b > 9", true],
  ["a > 1 && d != null && d > 1", false],
  ["d == null", true],
  ["a + c > 5", true],
  ["c in [1, 2] && a > 1", false],
  ["a > 0 && b > 1", true],
  ["a > 0 && b > 2", false],
  ["(a > 0) == (c > 5)", true],
])("with c and d unknown, %s can hold: %s", (text, possible) => {
  expect(compiled(text).possible(2)(factsWith([1, 2, Number.NaN, Number.NaN]))).toBe(possible);
});

test("with everything known, a condition can hold when it does", () => {
  const { test: holds, possible } = compiled("a > 0 && (c > 5 || d != null && d > 1)");
  for (const d of [Number.NaN, 1, 2])
    for (const c of [5, 6]) {
      const facts = factsWith([1, 2, c, d]);
      expect(possible(4)(facts)).toBe(holds(facts));
    }
});

const value = fc.constantFrom(0, 1, 2, 5, 9);
const comparison = fc
  .tuple(fc.constantFrom("a", "b", "c", "amount", "a + c", "b * 2"), fc.constantFrom("<", ">=", "==", "!="), value)
  .map((parts) => parts.join(" "));
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    comparison,
    fc.constantFrom("d == null", "d != null", "d != null && d > 2"),
    tie("condition").map((a) => `!(${a})`),
    fc
      .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie("condition"), tie("condition"), tie("condition")).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  ),
}));

test("what can not hold does not, whatever the unknown features turn out to be", () => {
  const features = fc.tuple(value, value, value, fc.oneof(value, fc.constant(Number.NaN)));
  fc.assert(
    fc.property(condition, features, fc.nat(4), value, (text, all, known, garbage) => {
      const { test: holds, possible } = compiled(text);
      const before = all.map((feature, index) => (index < known ? feature : garbage));
      if (!possible(known)(factsWith(before, 5))) expect(holds(factsWith(all, 5))).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});
