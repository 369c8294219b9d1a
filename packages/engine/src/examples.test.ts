import { describe, expect, test } from "vitest";
import { compileRuleset } from "./compile.ts";
import { formatFaults } from "./fault.ts";

/** Of a ruleset of one rule with one example. */
function faultsOf(when: string, example: string): string {
  const features = {
    count_1h: "by: source, count: true, over: 1h",
    usual: "by: source, mean: amount, over: 30d, before: true",
    known: "by: source, seen: target, over: 90d",
    frauds: "by: target, fraud_ratio: true, over: 7d, delay: 1d, otherwise: 0",
    idle_ms: "by: source, since_last: true, over: 1d",
  };
  const used = Object.entries(features).flatMap(([name, of]) => (when.includes(name) ? [`${name}: { ${of} }`] : []));
  const text = `
name: r
version: 1
features: {${used.join(", ")}}
currencies: [KWD]
thresholds: { review: 0.5, decline: 0.9 }
rules:
  - { id: a, score: 1, when: '${when}', examples: [${example}] }
`;
  const result = compileRuleset(text, { file: "r" });
  return result.ok ? "" : formatFaults(result.faults);
}

describe("an example with given values", () => {
  test.each([
    ["count_1h > 2", "{ given: { count_1h: 3 }, expect: hit }"],
    ["count_1h > 1", "{ given: {}, expect: miss }"],
    ["hour < 6 && weekday >= 6", "{ given: { hour: 5, weekday: 7 }, expect: hit }"],
    ["hour < 6 && weekday >= 6", "{ given: { hour: 5, weekday: 1 }, expect: miss }"],
    ["amount < 1.5", "{ given: { amount: 1.499 }, expect: hit }"],
    ["usual == null || amount > usual", "{ given: { amount: 2 }, expect: hit }"],
    ["usual == null || amount > usual", "{ given: { amount: 2, usual: 3 }, expect: miss }"],
    ["usual == null || amount > usual", "{ given: { amount: 2, usual: null }, expect: hit }"],
    ["known == 0 && amount > 5", "{ given: { amount: 6 }, expect: hit }"],
    ["country != null && country == currency", "{ given: { country: KWD }, expect: hit }"],
    ["country == null && amount > 0.5", "{ given: { country: null }, expect: hit }"],
  ])("%s of %s", (when, example) => {
    expect(faultsOf(when, example)).toBe("");
  });

  test.each([
    ["count_1h > 2", "{ given: { count_1h: 2 }, expect: hit }", "this example is a miss, not a hit"],
    ["count_1h > 2", "{ given: { count_1h: 0 }, expect: miss }", "count_1h is a whole number at least 1, never 0"],
    ["count_1h > 2", "{ given: { count_1h: 2.5 }, expect: miss }", "count_1h is a whole number at least 1, never 2.5"],
    ["count_1h > 2", "{ given: { count_1h: null }, expect: miss }", "count_1h must be a number"],
    ["frauds > 0.5", "{ given: { frauds: 60 }, expect: hit }", "frauds is from 0 to 1, never 60"],
    ["amount > 2", "{ given: { amount: 0 }, expect: miss }", "amount must be a number > 0"],
    ["amount > 2", "{ given: { amount: 2.0001 }, expect: hit }", "amount must be a number with at most 3 decimals"],
    ["amount > 2", "{ given: { count: 3 }, expect: miss }", "count is not known; did you mean amount?"],
    ["amount > 2", "{ given: { source: '' }, expect: miss }", "source must be a non-empty string"],
    ["amount > 2", "{ expect: miss }", "needs exactly one of given, history; it has none"],
    ["amount > 2", "{ given: {}, history: [{}], expect: miss }", "it has given and history"],
  ])("%s of %s is a fault", (when, example, fault) => {
    expect(faultsOf(when, example)).toContain(fault);
  });
});

describe("an example with a history", () => {
  test.each([
    ["count_1h > 2", "[{ ago: 59m }, { ago: 5m }, {}]", "hit"],
    ["count_1h > 2", "[{ ago: 1h }, { ago: 5m }, {}]", "miss"],
    ["count_1h > 2", "[{}, {}, {}]", "hit"],
    ["count_1h > 2", "[{ ago: 5m, source: other }, { ago: 5m }, {}]", "miss"],
    ["count_1h > 2", "[{ ago: 5m, id: a }, { ago: 4m, id: a }, {}]", "miss"],
    ["count_1h > 1", "[{ ago: 5m }, { ago: 3h }, {}]", "hit"],
    [
      "usual != null && amount > 3 * usual",
      "[{ ago: 9d, amount: 10 }, { ago: 1d, amount: 20 }, { amount: 46 }]",
      "hit",
    ],
    [
      "usual != null && amount > 3 * usual",
      "[{ ago: 9d, amount: 10 }, { ago: 1d, amount: 20 }, { amount: 45 }]",
      "miss",
    ],
    ["known == 0", "[{ ago: 9d, target: shop }, { target: mall }]", "hit"],
    ["known == 0", "[{ ago: 9d, target: shop }, { target: shop }]", "miss"],
    ["idle_ms != null && idle_ms <= 1000", "[{ ago: 1s }, {}]", "hit"],
    ["frauds > 0.4", "[{ ago: 3d, labelled: { fraud: true, ago: 1h } }, { ago: 2d }, {}]", "hit"],
    ["frauds > 0.4", "[{ ago: 3d, id: x, labelled: { fraud: true, ago: 1h } }, {}]", "hit"],
    ["frauds > 0.4", "[{ ago: 3d, labelled: { fraud: false, ago: 1h } }, { ago: 2d }, {}]", "miss"],
    ["frauds > 0.4", "[{ ago: 23h, labelled: { fraud: true, ago: 1h } }, {}]", "miss"],
  ])("%s after %s is a %s", (when, history, expected) => {
    expect(faultsOf(when, `{ history: ${history}, expect: ${expected} }`)).toBe("");
    const other = expected === "hit" ? "miss" : "hit";
    expect(faultsOf(when, `{ history: ${history}, expect: ${other} }`)).toContain(`this example is a ${expected}`);
  });

  test.each([
    ["[{ ago: 5m }]", "the last transaction is the one that is asked"],
    ["[{ ago: 271d }, {}]", "must be at most 270d, got 271d"],
    ["[{ ago: soon }, {}]", "must be a duration such as 10m, 1h or 7d"],
    ["[{ ago: 5m, amount: -1 }, {}]", "amount must be a number > 0"],
    ["[{ ago: 5m, colour: red }, {}]", "colour is not known here"],
    ["[{ ago: 5m, labelled: { fraud: true, ago: 6m } }, {}]", "this is before the transaction itself"],
    ["[{ ago: 5m, id: a }, { id: a }]", "it would be rejected as a duplicate"],
    ["[]", "must NOT have fewer than 1 items"],
  ])("%s is a fault", (history, fault) => {
    expect(faultsOf("count_1h > 2", `{ history: ${history}, expect: miss }`)).toContain(fault);
  });
});
