import { describe, expect, test } from "vitest";
import { compileRuleset } from "../compile.ts";
import type { Plan } from "../plan.ts";
import { chainOf, inputTopicOf } from "./topology.ts";

const COUNT = (by: string) => `{ by: ${by}, count: true, over: 1h }`;
const FRAUD = (by: string) => `{ by: ${by}, fraud_count: true, over: 1h }`;

function planOf(features: readonly string[]): Plan {
  const written = features.map((feature, index) => `f${index}: ${feature}`).join(", ");
  const when = ["amount > 5", ...features.map((_, index) => `f${index} > 5`)].join(" || ");
  const text = `{ name: t, version: 1, features: { ${written} }, rules: [{ id: r, when: ${when}, score: 1 }], thresholds: { review: 0.5, decline: 0.9 } }`;
  const result = compileRuleset(text, { file: "t.yaml" });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.plan;
}

describe("the chain of a plan", () => {
  test.each<[readonly string[], boolean, string]>([
    [[], false, "decide"],
    [[], true, "decide"],
    [[COUNT("source")], true, "decide"],
    [[COUNT("source")], false, "gate source"],
    [[FRAUD("source")], true, "gate labels source"],
    [[COUNT("target")], true, "source target"],
    [[COUNT("target")], false, "gate source target"],
    [[COUNT("target"), COUNT("device")], true, "source target device"],
    [[COUNT("target"), FRAUD("source")], true, "gate labels source target"],
    [[COUNT("target"), COUNT("source")], false, "gate source target"],
    [[FRAUD("target")], false, "gate labels source target"],
    [[COUNT("target"), COUNT("device"), COUNT("channel")], false, "gate source target channel device"],
    [[COUNT("device")], false, "gate source device"],
  ])("of features %j, input keyed: %s, is %s", (features, inputKeyed, names) => {
    expect(
      chainOf(planOf(features), { inputKeyed })
        .map(({ name }) => name)
        .join(" "),
    ).toBe(names);
  });

  test("reads the input in one group whatever the ruleset, and logs between stages in their own", () => {
    const topics = { transactions: "in", labels: "truth", legit: "l", fraud: "f", rejected: "r" };
    const groups = (feature: string, inputKeyed: boolean) =>
      chainOf(planOf([feature]), { inputKeyed }).map((link) => [inputTopicOf(link, "weir", topics), link.groupSuffix]);
    expect(groups(FRAUD("target"), false)).toEqual([
      ["in", "entry"],
      ["truth", "entry-labels"],
      ["weir.by-source", "by-source"],
      ["weir.by-target", "by-target"],
    ]);
    expect(groups(COUNT("target"), true)).toEqual([
      ["in", "entry"],
      ["weir.by-target", "by-target"],
    ]);
  });
});
