import { compileRuleset, formatFaults, type Plan } from "@weir/engine";
import { expect, test } from "vitest";
import type { Fitted } from "../training/fit.ts";
import type { Table } from "../training/table.ts";
import { Retraining } from "./retraining.ts";
import { START_MS } from "./scored.fixture.ts";
import { DAY_MS } from "./scored.ts";

const RULESET = `name: r
version: 1
rules: [{ id: large, when: amount >= 900, score: 0.95 }]
model: { file: m.json, features: [amount] }
thresholds: { review: 0.6, decline: 0.9 }
`;

function planOf(): Plan {
  const result = compileRuleset(RULESET, { file: "r", readBeside: null });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.plan;
}

/** A stump that splits the amount at 100. */
const MODEL = JSON.stringify({
  learner: {
    gradient_booster: {
      name: "gbtree",
      model: {
        trees: [
          {
            left_children: [1, -1, -1],
            right_children: [2, -1, -1],
            split_indices: [0, 0, 0],
            split_conditions: [100, -2, 2],
            default_left: [0, 0, 0],
            sum_hessian: [2, 1, 1],
          },
        ],
      },
    },
    learner_model_param: { base_score: "5E-1", num_feature: "1" },
    objective: { name: "binary:logistic" },
  },
});

/** Retrained weekly on 14 days whose labels take 7, with a row every hour, every tenth a fraud, for `days` before its start. */
function aRetraining(days: number) {
  const seen: Table[] = [];
  const fit = (table: Table, split: number): Promise<Fitted> => {
    seen.push(table);
    const later = new Float64Array(table.frauds.length - split);
    return Promise.resolve({ text: MODEL, calibration: { slope: 1, offset: 0 }, library: "none", split, later });
  };
  const protocol = {
    labelDelayMs: 7 * DAY_MS,
    trainWindowMs: 14 * DAY_MS,
    retrainMs: 7 * DAY_MS,
    fromMs: START_MS,
    toMs: null,
    leaveOutKnown: false,
    alertsPerDay: 100,
  };
  const retraining = new Retraining(planOf(), protocol, fit);
  const pass = (fromDay: number, toDay: number): void => {
    for (let hour = fromDay * 24; hour < toDay * 24; hour += 0.25) {
      const row = retraining.add(START_MS + hour * 3_600_000, (hour * 4) % 10 === 0);
      if (row !== null) row[0] = hour;
    }
  };
  pass(-days, 0);
  return { retraining, seen, pass };
}

test("a model knows what was labelled when it begins to serve, of its window and of nothing else", async () => {
  const { retraining, seen, pass } = aRetraining(40);
  expect([START_MS - 1, START_MS].map((timeMs) => retraining.isDue(timeMs))).toEqual([false, true]);
  await retraining.train(() => undefined);
  pass(0, 7);
  expect(retraining.isDue(START_MS + 7 * DAY_MS)).toBe(true);
  await retraining.train(() => undefined);
  const days = seen.map(({ timesMs }) =>
    [timesMs[0], timesMs.at(-1)].map((ms) => ((ms as number) - START_MS) / DAY_MS),
  );
  // Quarters of an hour: from just after 21 days before it on, up to 7 days before it.
  expect(days).toEqual([
    [-21 + 1 / 96, -7],
    [-14 + 1 / 96, 0],
  ]);
  const [first] = seen;
  expect(first?.rows[0]).toBe(-21 * 24 + 0.25);
});

test("each model gives the ruleset another name, and says what it was trained on", async () => {
  const { retraining } = aRetraining(40);
  const plan = await retraining.train(() => undefined);
  expect(plan?.label).not.toBe(planOf().label);
  expect(retraining.trainings).toEqual([expect.objectContaining({ rows: 1_344, frauds: 134, label: plan?.label })]);
});

test("with too few known frauds nothing is trained, and the next time it is tried again", async () => {
  const { retraining, seen, pass } = aRetraining(8);
  expect(await retraining.train(() => undefined)).toBeNull();
  expect([seen.length, retraining.trainings[0]]).toEqual([0, expect.objectContaining({ poverty: expect.any(String) })]);
  pass(0, 7);
  expect(await retraining.train(() => undefined)).not.toBeNull();
});
