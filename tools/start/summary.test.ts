import { expect, test } from "vitest";
import { numbersBetween, readingOf } from "./numbers.ts";
import { summaryLines } from "./summary.ts";
import type { TallyResult } from "./tally.ts";

function aResult(result: Partial<TallyResult> = {}): TallyResult {
  return { inputs: 1000, once: 1000, missing: 0, doubled: 0, foreign: 0, anonymous: 0, examples: [], ...result };
}

test("an exact run says so in its last line", () => {
  const lines = summaryLines("Read back", aResult(), null);
  expect(lines).toContain("  transactions of this run                    1,000");
  expect(lines.at(-1)).toBe("Exactly once: every transaction of this run has one output, no more and no less.");
});

test.each([{ missing: 1 }, { doubled: 1 }, { foreign: 1 }])("%j is not exactly once", (fault) => {
  const lines = summaryLines("Read back", aResult({ ...fault, examples: ["in/0/7 has no output"] }), null);
  expect(lines).toContain("  in/0/7 has no output");
  expect(lines.at(-1)).toBe("NOT exactly once: see above.");
});

test("a run in which nothing was sent proves nothing", () => {
  expect(summaryLines("Read back", aResult({ inputs: 0, once: 0 }), null).at(-1)).toContain("NOT CHECKED");
});

test("what earlier runs left and what was never sent is told apart from this run", () => {
  const reading = { ...readingOf(0, [], []), decided: 1007, givenUp: 50 };
  const lines = summaryLines("Read back", aResult(), numbersBetween(readingOf(0, [], []), reading));
  expect(lines).toContain("  left by earlier runs, decided now               7");
  expect(lines).toContain("  not sent, the rate was too high                50");
});
