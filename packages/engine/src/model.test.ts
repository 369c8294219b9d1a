import { createHash } from "node:crypto";
import { Decision } from "@weir/schema";
import { Value } from "typebox/value";
import { describe, expect, test } from "vitest";
import { Flow, NOW_MS } from "./chain/chain.fixture.ts";
import { compileRuleset } from "./compile.ts";
import { Evaluator } from "./evaluator.ts";
import { formatFaults } from "./fault.ts";
import { aModel, type Stump } from "./model.fixture.ts";
import { trainedModel, withModel } from "./model.ts";
import type { Plan } from "./plan.ts";
import { sentenceOf } from "./reasons.ts";

const NAMES = ["amount", "night", "usual", "dearer", "paid_1d"];
const STUMPS: readonly Stump[] = [
  { at: 1, below: 0.5, adds: [-1, 1] },
  { at: 3, below: 2, adds: [-2, 3] },
  { at: 4, below: 3, adds: [0, 0.5] },
];
const MODEL = aModel(NAMES, STUMPS);
const THRESHOLD = `name: t
version: 1
rules: [{ id: large, when: amount >= 900, score: 0.95 }]
thresholds: { review: 0.6, decline: 0.9 }
`;
const SHA256 = createHash("sha256").update(MODEL).digest("hex");

const RULESET = `name: r
version: 1
features:
  usual: { by: source, mean: amount, over: 30d, before: true }
  paid_1d: { by: target, count: true, over: 1d }
rules:
  - { id: large, when: amount >= 900, score: 0.7 }
model:
  file: models/a.json
  features:
    - amount
    - night: hour < 6
    - usual
    - dearer: amount / usual
    - paid_1d
thresholds: { review: 0.6, decline: 0.9 }
`;

function compile(text = RULESET, model: string | null = MODEL) {
  return compileRuleset(text, {
    file: "r.yaml",
    readBeside: (name) => {
      if (model === null || name !== "models/a.json") throw new Error("ENOENT: no such file");
      return model;
    },
  });
}

function planOf(text = RULESET, model = MODEL): Plan {
  const result = compile(text, model);
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.plan;
}

function faultsOf(text = RULESET, model: string | null = MODEL): string {
  const result = compile(text, model);
  return result.ok ? "" : formatFaults(result.faults);
}

describe("faults of a model", () => {
  test.each<[string, string, string | null, string]>([
    ["no file", RULESET, null, "r.yaml:9:9: models/a.json cannot be read: ENOENT"],
    ["a file that is no model", RULESET, "{}", "r.yaml:9:9: models/a.json: learner must be an object"],
    [
      "too few features",
      RULESET.replace("    - paid_1d\n", ""),
      MODEL,
      "it was trained on 5 features, model.features has 4",
    ],
    [
      "another order",
      RULESET.replace("- amount\n", "- x\n").replace("- usual\n", "- amount\n").replace("- x\n", "- usual\n"),
      MODEL,
      "its feature 1 is amount, model.features has usual there",
    ],
    [
      "an unknown feature",
      RULESET.replace("- usual\n", "- usaul\n"),
      MODEL,
      "r.yaml:13:7: usaul is not known; did you mean usual?",
    ],
    [
      "an unknown name in an expression",
      RULESET.replace("hour <", "huor <"),
      MODEL,
      "r.yaml:12:14: huor is not known; did you mean hour?",
    ],
    [
      "a feature twice",
      RULESET.replace("- usual\n", "- amount\n"),
      MODEL,
      "13:7: amount is taken: model.features[0] has it",
    ],
    ["a text", RULESET.replace("hour < 6", "currency"), MODEL, "12:14: a number is needed here, this is a text"],
    [
      "a condition about what may be missing",
      RULESET.replace("hour < 6", "usual < 6"),
      MODEL,
      "usual may be missing; ask first",
    ],
    [
      "another file than it says",
      RULESET.replace("  features:\n    - a", `  sha256: ${"a".repeat(64)}\n  features:\n    - a`),
      MODEL,
      `its hash is ${SHA256}`,
    ],
    [
      "a file that is elsewhere",
      RULESET.replace("models/a.json", "../a.json"),
      MODEL,
      "must be the path of a .json file beside",
    ],
    [
      "a rule that is called as it is",
      RULESET.replace("id: large", "id: model"),
      MODEL,
      "model is a name of the engine's own",
    ],
    [
      "a feature that neither rule nor model uses",
      RULESET.replace("    - paid_1d\n", ""),
      aModel(NAMES.slice(0, 4), STUMPS.slice(0, 2)),
      "nothing uses paid_1d",
    ],
  ])("%s", (_what, text, model, fault) => {
    expect(faultsOf(text, model)).toContain(fault);
  });

  test("where no file can be read, a model is one; where it is still to be trained, it is none", () => {
    const unread = compileRuleset(RULESET, { file: "r.yaml" });
    expect(unread.ok ? "" : formatFaults(unread.faults)).toContain("no model is read here");
    const untrained = compileRuleset(RULESET, { file: "r.yaml", readBeside: null });
    expect(untrained).toMatchObject({
      ok: true,
      plan: { model: { trained: null, inputs: NAMES.map((name) => ({ name })) } },
    });
  });
});

test("the hash of a ruleset covers its model", () => {
  const retrained = aModel(NAMES, [...STUMPS, { at: 0, below: 1, adds: [0, 0.1] }]);
  const [one, other] = [planOf(), planOf(RULESET, retrained)];
  expect(one.label).not.toBe(other.label);
  expect(one.documentHash).toBe(other.documentHash);
  const trained = trainedModel(retrained, one.model?.inputs ?? []);
  expect(trained.ok && withModel(one, trained.trained).label).toBe(other.label);
});

const AT_NIGHT_MS = Date.UTC(2026, 0, 5, 3);

function decisions(plan: Plan, amounts: readonly number[], timeMs = AT_NIGHT_MS) {
  const evaluator = new Evaluator(plan, { topic: "t", explain: "full" });
  return amounts.map((amount, offset) => {
    const transaction = { ...PAYMENT, amountMinor: amount * 100, id: `${offset}` };
    const evaluation = evaluator.transaction(transaction, timeMs + offset, { partition: 0, offset }, offset);
    if (evaluation.kind !== "decided") throw new Error("it is a duplicate");
    const decision = JSON.parse(evaluation.text) as Decision;
    expect(Value.Check(Decision, decision)).toBe(true);
    return decision;
  });
}

const PAYMENT = {
  source: "c",
  target: "t",
  currency: "EUR",
  exponent: 2 as const,
  timestampMs: null,
  channel: null,
  country: null,
  category: null,
  device: null,
  location: null,
};

const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));

test("the score is the greatest of the model's and of those of the rules that hit", () => {
  // A first payment has no usual amount: missing goes left. Then five times the usual one, then what is usual again.
  const [first, dear, , large] = decisions(planOf(), [10, 50, 30, 950]) as [Decision, Decision, Decision, Decision];
  expect(first).toMatchObject({ outcome: "approve", score: sigmoid(1 - 2), model: sigmoid(1 - 2), reasons: [] });
  expect(dear).toMatchObject({ outcome: "decline", score: sigmoid(1 + 3), reasons: [{ rule: "model" }] });
  expect(large).toMatchObject({ score: sigmoid(4.5), reasons: [{ rule: "large", score: 0.7 }, { rule: "model" }] });
  const [calm] = decisions(planOf(), [950], AT_NIGHT_MS + 8 * 3_600_000) as [Decision];
  expect(calm).toMatchObject({ outcome: "review", score: 0.7, model: sigmoid(-3), reasons: [{ rule: "large" }] });
});

test("the model's reason names the features that moved the score most, in words", () => {
  const [, dear] = decisions(planOf(), [10, 50]) as [Decision, Decision];
  const [reason] = dear.reasons;
  // Of ten training rows one went each right way: from the mean -2 + 0.1 * 5 to 3, and from -0.8 to 1.
  expect(reason).toMatchObject({
    when: "model >= 0.6",
    observed: { dearer: 5, night: 1, paid_1d: 2 },
    moved: { dearer: 4.5, night: 1.8, paid_1d: -0.05 },
  });
  expect(Object.keys(reason?.moved ?? {})).toEqual(["dearer", "night", "paid_1d"]);
  expect(sentenceOf(reason as Decision["reasons"][number])).toBe(
    "model scores 0.982: raised by dearer (5) and night (1), lowered by paid_1d (2)",
  );
});

test("a calibrated model's score is the calibrated one", () => {
  const [first] = decisions(planOf(RULESET, aModel(NAMES, STUMPS, "0.5 -3")), [10]) as [Decision];
  expect(first.model).toBe(sigmoid(0.5 * -1 - 3));
});

test("in a chain the last stage scores with the features of all, and writes what one process writes", () => {
  const flow = new Flow(THRESHOLD, { plan: planOf(), explain: "full" });
  const amounts = [10, 50, 20];
  for (const [index, amount] of amounts.entries())
    flow.send({ source: "c", target: "t", amount, id: `${index}`, timestamp: NOW_MS + index });
  expect(flow.stages.map(({ name }) => name)).toEqual(["gate", "source", "target"]);
  const told = ({ outcome, score, model, reasons, features }: Decision) => ({
    outcome,
    score,
    model,
    reasons,
    features,
  });
  const [written, alone] = [flow.decisions() as unknown as Decision[], decisions(planOf(), amounts, NOW_MS)];
  expect(written.map(told)).toEqual(alone.map(told));
});
