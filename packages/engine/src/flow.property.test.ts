/** What the flow check claims about numbers, held against what the closures say. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression, type Expression } from "./expression.ts";
import type { Facts } from "./facts.ts";
import type { Feature } from "./feature.ts";
import { rangeOf } from "./features.ts";
import { implications } from "./flow.ts";
import { Names } from "./names.ts";

const aFeature = { by: "source", and: [], field: null, windowMs: 9, delayMs: 0, before: false } as const;
const FEATURES: readonly Feature[] = [
  { ...aFeature, name: "n", aggregate: "count", otherwise: Number.NaN },
  { ...aFeature, name: "d", aggregate: "distinct", field: "device", otherwise: Number.NaN },
  { ...aFeature, name: "s", aggregate: "sinceLast", otherwise: -1 },
  { ...aFeature, name: "f", aggregate: "fraudRatio", before: true, otherwise: 0 },
  { ...aFeature, name: "x", aggregate: "stddev", otherwise: Number.NaN },
];
const names = new Names();
for (const [index, feature] of FEATURES.entries()) names.declareFeature(feature, index);

const numeral = fc.constantFrom("0", "1", "2", "5", "0.5", "-1", "9", "1e9");
const operand = fc.oneof(fc.constantFrom("amount", "n", "d", "s", "f", "x"), numeral);
const { number } = fc.letrec<{ number: string }>((tie) => ({
  number: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    operand,
    fc.tuple(tie("number"), fc.constantFrom("+", "-", "*"), tie("number")).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie("number").map((a) => `-(${a})`),
  ),
}));
const comparison = fc
  .tuple(number, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), number)
  .map((parts) => parts.join(" "));
const condition = fc.oneof(
  comparison,
  fc.tuple(comparison, fc.constantFrom("&&", "||"), comparison).map((parts) => parts.join(" ")),
  comparison.map((text) => `!(${text})`),
  fc.tuple(comparison, comparison, comparison).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
);

/** Edges of the ranges more often than not: that is where the claims are wrong first. */
const facts: fc.Arbitrary<Facts> = fc
  .tuple(
    fc.constantFrom(0.0001, 0.01, 1, 2, 5, 9, 1e12),
    ...FEATURES.map((feature) => {
      const { min, max, whole } = rangeOf(feature);
      const inside = [min, max, 0, 1, 2, 5, 9, 0.5, 3].filter((value) => value >= min && value <= max);
      return fc.constantFrom(...inside.filter((value) => !whole || Number.isInteger(value)));
    }),
  )
  .map(([amount, ...features]) => ({
    amount,
    currency: "EUR",
    source: "a",
    target: "b",
    id: null,
    channel: null,
    country: null,
    category: null,
    device: null,
    timeMs: 0,
    features: Float64Array.from(features),
  }));

function compiled(text: string): Expression {
  const result = compileExpression(text, names, { constants: false });
  if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join("; "));
  return result.expression;
}

function holds(text: string, given: Facts): boolean {
  return compiled(text).test(given);
}

const RUNS = { numRuns: 5_000 };

test("what is said to be always or never true is so, where it is reached", () => {
  fc.assert(
    fc.property(condition, comparison, facts, (guard, text, given) => {
      const before = `(${guard}) && (`;
      const compiled = compileExpression(`${before}${text})`, names, { constants: true });
      if (compiled.ok || !holds(guard, given)) return;
      const fault = compiled.faults.find(({ at }) => at >= before.length);
      if (fault === undefined) return;
      expect(fault.message).toMatch(/^this is (always|never) true/);
      expect(holds(text, given)).toBe(fault.message.startsWith("this is always"));
    }),
    RUNS,
  );
});

test("a divisor that is let through is never 0", () => {
  fc.assert(
    fc.property(condition, number, facts, (guard, divisor, given) => {
      const compiled = compileExpression(`(${guard}) && amount / (${divisor}) > 1`, names, { constants: false });
      if (compiled.ok && holds(guard, given)) expect(holds(`(${divisor}) == 0`, given)).toBe(false);
    }),
    RUNS,
  );
});

test("a condition that is said to hold wherever another does holds there", () => {
  const bounded = fc
    .tuple(operand, fc.constantFrom("<", "<=", ">", ">=", "=="), numeral)
    .map((parts) => parts.join(" "));
  const either = fc.oneof(bounded, condition);
  const joined = fc.tuple(either, fc.constantFrom("&&", "||"), either).map((parts) => parts.join(" "));
  let said = 0;
  fc.assert(
    fc.property(fc.oneof(bounded, joined), fc.oneof(bounded, joined), facts, (text, other, given) => {
      if (!implications(compiled(text).ast, names)(compiled(other).ast)) return;
      said += 1;
      if (holds(text, given)) expect(holds(other, given)).toBe(true);
    }),
    RUNS,
  );
  expect(said).toBeGreaterThan(RUNS.numRuns / 100);
});
