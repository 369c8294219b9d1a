import { readFileSync } from "node:fs";
import { compileRuleset } from "@weir/engine";
import { compileScenario, DAY_MS, type Payment } from "@weir/scenario";
import { describe, expect, test } from "vitest";
import { Score } from "./score.ts";
import { delayText, resultOf, tableOf } from "./table.ts";
import { Trial } from "./trial.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

function planOf(path: string) {
  const result = compileRuleset(read(path), { file: path });
  if (!result.ok) throw new Error(`${path} has faults`);
  return result.plan;
}

const cards = planOf("rulesets/card-payments.yaml");

function trialOf(name: string, { customers = 400, days = 30, seed = 1 } = {}) {
  const result = compileScenario(read(`scenarios/${name}.yaml`), { file: name });
  if (!result.ok) throw new Error(`${name} has faults`);
  const trial = new Trial({ plan: cards, scenario: result.scenario, seed, customers, days, warmUpDays: 10 });
  while (trial.advance(10_000));
  return resultOf(name, trial.score);
}

describe("card-payments stops", () => {
  test.each([
    ["card-testing", "card_testing", 0.7],
    ["account-takeover", "account_takeover", 0.9],
    ["mules", "mules", 0.7],
    ["structuring", "structuring", 0.9],
    ["impossible-travel", "impossible_travel", 0.9],
  ])(
    "most of what %s does, and every attack within the hour, at no more than 0.5 % of the genuine payments",
    (name, attack, recall) => {
      const { attacks, falsePositiveRate } = trialOf(name);
      const [score] = attacks;
      expect(attacks).toHaveLength(1);
      expect(score?.attack).toBe(attack);
      expect(score?.payments).toBeGreaterThan(20);
      expect((score?.alerts ?? 0) / (score?.payments ?? 1)).toBeGreaterThan(recall);
      expect(score?.found).toBe(score?.episodes);
      expect(score?.delayMs).toBeLessThan(3_600_000);
      expect(falsePositiveRate).toBeLessThan(0.005);
    },
  );
});

test("a merchant's frauds are stopped once labels have come, and not before", () => {
  const { attacks, falsePositiveRate, labels } = trialOf("merchant-compromise", { customers: 1_000, days: 45 });
  const [score] = attacks;
  expect(score?.alerts).toBeGreaterThan(0);
  expect(score?.delayMs).toBeGreaterThan(3 * DAY_MS);
  expect(falsePositiveRate).toBeLessThan(0.005);
  expect(labels.unmatched).toBe(0);
});

test("the same seed gives the same figures; messages that cannot be decided are counted", () => {
  const result = trialOf("everyday", { customers: 200 });
  expect(trialOf("everyday", { customers: 200 })).toEqual(result);
  expect(trialOf("everyday", { customers: 200, seed: 2 })).not.toEqual(result);
  expect(result.rejected.duplicate).toBeGreaterThan(0);
  expect(result.rejected.malformed).toBeGreaterThan(0);
  expect(result.late).toBeGreaterThan(0);
});

describe("the score", () => {
  const aPayment = (timeMs: number, episode: number | null): Payment => ({
    timeMs,
    source: "a",
    target: "b",
    amountMinor: 100,
    country: "DE",
    device: null,
    fraud: episode === null ? null : { attack: "mules", episode },
  });
  const decided = (score: Score, payment: Payment, outcome: "approve" | "review"): void =>
    score.decided(payment, { verdict: { score: 0, outcome, listed: true, hits: [] } as never, late: false });

  test("counts payments and episodes, from the first payment of an episode to its first alert", () => {
    const score = new Score(cards, 100);
    for (const [timeMs, episode, outcome] of [
      [100, 0, "approve"],
      [130, 0, "review"],
      [140, 0, "review"],
      [150, 1, "approve"],
      [160, 2, "review"],
      [170, null, "review"],
      [180, null, "approve"],
    ] as const)
      decided(score, aPayment(timeMs, episode), outcome);
    expect(score.attacks()).toEqual([{ attack: "mules", payments: 5, alerts: 3, episodes: 3, found: 2, delayMs: 30 }]);
    expect(score.falsePositiveRate).toBe(0.5);
    expect(score.alerts).toBe(4);
  });

  test("leaves out what was before its time, and what goes on from then", () => {
    const score = new Score(cards, 100);
    decided(score, aPayment(50, 0), "approve");
    decided(score, aPayment(150, 0), "review");
    decided(score, aPayment(60, null), "review");
    expect(score).toMatchObject({ genuine: 0, frauds: 0 });
    expect(score.attacks()).toEqual([
      { attack: "mules", payments: 0, alerts: 0, episodes: 0, found: 0, delayMs: null },
    ]);
  });

  test("reads as a table", () => {
    const score = new Score(cards, 0);
    decided(score, aPayment(1_000, 0), "approve");
    decided(score, aPayment(91_000, 0), "review");
    decided(score, aPayment(92_000, null), "approve");
    expect(tableOf([resultOf("some", score)]).at(-1)).toBe(
      "| some | mules | 2 | 50.0 % | 100.0 % | 1.5 min | 0.00 % |",
    );
    expect([null, 0, 59_999, 3_600_000, 9 * DAY_MS].map(delayText)).toEqual(["-", "0 s", "60 s", "1.0 h", "9.0 d"]);
  });
});

test("the table in the documentation has a row for each attack of each scenario that is played", () => {
  const [, table = ""] = /<!-- table -->\n([\s\S]*?)<!-- \/table -->/.exec(read("docs/scenarios.md")) ?? [];
  const rows = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| scenario"));
  const attacks = [
    "card_testing",
    "account_takeover",
    "mules",
    "structuring",
    "impossible_travel",
    "merchant_compromise",
  ];
  for (const attack of attacks) {
    const alone = rows.find((row) => row.startsWith(`| ${attack.replaceAll("_", "-")} | ${attack} |`));
    const falsePositives = Number(/([\d.]+) % \|$/.exec(alone ?? "")?.[1]);
    expect(falsePositives, attack).toBeLessThanOrEqual(0.5);
    for (const name of ["everyday", "drift"]) expect(table).toContain(`| ${name} | ${attack} |`);
  }
});
