import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { probabilityOf } from "./calibration.ts";
import { contributionsOf } from "./contributions.ts";
import { walk } from "./forest.ts";
import { marginOf } from "./generated.ts";
import { FIXTURES, modelOf, rowsOf } from "./model.fixture.ts";

const EQUAL = 1e-6;

describe.each(FIXTURES)("%s", (name) => {
  const { forest, calibration } = modelOf(name);
  const rows = rowsOf(name);

  test("scores are those of XGBoost, of rows with missing values too", () => {
    const margin = marginOf(forest);
    const worst = Math.max(...rows.map(({ row, score }) => Math.abs(probabilityOf(calibration, margin(row)) - score)));
    expect(worst).toBeLessThan(EQUAL);
    expect(rows.length).toBe(200);
    expect(rows.some(({ row }) => row.some(Number.isNaN))).toBe(true);
  });

  test("contributions are those of XGBoost, and with the bias add up to the margin", () => {
    const contributions = contributionsOf(forest);
    for (const { row, moved } of rows) {
      const own = contributions(row);
      // XGBoost adds its own up in float32: of what is moved altogether, that is a part in a million.
      const all = moved.reduce((sum, value) => sum + Math.abs(value), 0);
      const worst = Math.max(...own.map((value, index) => Math.abs(value - (moved[index] as number))));
      expect(worst / all).toBeLessThan(EQUAL);
      expect(own.reduce((sum, value) => sum + value, 0)).toBeCloseTo(walk(forest, row), 5);
    }
  });

  test("the generated code gives what the walk gives, to the bit, whatever the values", () => {
    const margin = marginOf(forest);
    const edges = [...new Set(forest.threshold)];
    const value = fc.oneof(fc.constantFrom(...edges, Number.NaN, 0, -0), fc.float());
    const row = fc.array(value, { minLength: forest.featureCount, maxLength: forest.featureCount });
    fc.assert(
      fc.property(row, (values) =>
        Object.is(margin(Float32Array.from(values)), walk(forest, Float32Array.from(values))),
      ),
      { numRuns: 2_000 },
    );
  });
});

test("where code may not be generated the walk scores", () => {
  const { forest } = modelOf("recent");
  const [first] = rowsOf("recent");
  const kept = globalThis.Function;
  globalThis.Function = (() => {
    throw new EvalError("Code generation from strings disallowed for this context");
  }) as unknown as FunctionConstructor;
  try {
    expect(marginOf(forest)(first?.row as Float32Array)).toBe(walk(forest, first?.row as Float32Array));
  } finally {
    globalThis.Function = kept;
  }
});
