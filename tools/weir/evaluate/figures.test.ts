import { expect, test } from "vitest";
import { alertsOf, cardPrecision } from "./alerts.ts";
import { spreadOf, spreadOfDifference } from "./bootstrap.ts";
import { htmlOf } from "./html.ts";
import { KnownCards } from "./known-cards.ts";
import { reportOf } from "./report.ts";
import { START_MS, scoredOf } from "./scored.fixture.ts";
import { DAY_MS } from "./scored.ts";
import { comparison, lines } from "./text.ts";
import { calibratedOf, driftOf } from "./trust.ts";

test("alerts are the highest scores of each day, whatever the other days have", () => {
  const day = (n: number) => ({ timeMs: START_MS + n * DAY_MS });
  const scored = scoredOf([
    { ...day(0), score: 0.9, fraud: true, amount: 100 },
    { ...day(0), score: 0.8, fraud: true, amount: 30 },
    { ...day(1), score: 0.1, fraud: true, amount: 70 },
    { ...day(1), score: 0.05, fraud: false },
  ]);
  expect(alertsOf(scored, 1)).toMatchObject({
    days: 2,
    precision: 1,
    recall: 2 / 3,
    moneyInFrauds: 200,
    moneySaved: 170,
  });
});

test("a victim's delay is from its first fraud to the first one with an alert, by source or target, whichever are fewer", () => {
  const at = (hours: number, score: number, target: string) => {
    return { timeMs: START_MS + hours * 3_600_000, score, fraud: true, target, scenario: "2" };
  };
  const scored = scoredOf([
    at(0, 0.1, "t"),
    at(2, 0.9, "t"),
    at(3, 0.05, "u"),
    { score: 0.2, fraud: false, timeMs: START_MS + 4 * 3_600_000 },
  ]);
  expect(alertsOf(scored, 2).scenarios).toEqual([
    {
      scenario: "2",
      frauds: 3,
      recall: 1 / 3,
      victims: 2,
      victimsFound: 1,
      victimIs: "target",
      medianDelayMs: 7_200_000,
    },
  ]);
});

test("card precision takes a card once a day, and one that was found leaves the days after", () => {
  const scored = scoredOf([
    { score: 0.9, fraud: false, source: "a" },
    { score: 0.2, fraud: true, source: "a" },
    { score: 0.8, fraud: false, source: "b" },
    { timeMs: START_MS + DAY_MS, score: 0.9, fraud: true, source: "a" },
    { timeMs: START_MS + DAY_MS, score: 0.1, fraud: false, source: "b" },
  ]);
  // Of two places a day: a and b, one of them a fraud; then b alone.
  expect(cardPrecision(scored, 2)).toBe(0.25);
});

test("scores that are what they say have no calibration error", () => {
  const scores = Array.from({ length: 1_000 }, (_, index) => (index < 500 ? 0.5 : 0.03));
  const frauds = scores.map((score, index) => (index % 100 < score * 100 ? 1 : 0));
  const { error, bins } = calibratedOf({ scores, frauds });
  expect(error).toBeCloseTo(0, 10);
  expect(bins.map(({ from, count }) => [from, count])).toEqual([
    [0.02, 500],
    [0.4, 500],
  ]);
  expect(calibratedOf({ scores: [0.9, 0.9], frauds: [0, 0] }).error).toBeCloseTo(0.9, 10);
});

test("drift is none while scores stay, and much once they have moved", () => {
  const week = (n: number, score: number) => ({ timeMs: START_MS + n * 7 * DAY_MS, score, fraud: false });
  const rows = [0, 1, 2].flatMap((n) =>
    Array.from({ length: 100 }, (_, index) => week(n, n === 2 ? 0.9 + index / 1_000 : index / 100)),
  );
  const [first, same, moved] = driftOf(scoredOf(rows), START_MS);
  expect([first?.psi, same?.psi]).toEqual([0, 0]);
  expect(moved?.psi).toBeGreaterThan(0.25);
});

test("a card is known from the first day after its label, if its fraud is of the training window or later", () => {
  const known = new KnownCards(START_MS, 7 * DAY_MS);
  known.add("before", START_MS - 1, true);
  known.add("a", START_MS + DAY_MS - 1, true);
  known.add("genuine", START_MS, false);
  expect(["before", "genuine"].map((card) => known.isKnown(card, START_MS + 30 * DAY_MS))).toEqual([false, false]);
  // Labelled in the last ms of day 7, so on day 8.
  expect([8 * DAY_MS - 1, 8 * DAY_MS].map((ms) => known.isKnown("a", START_MS + ms))).toEqual([false, true]);
});

const sample = (noise: number) =>
  scoredOf(
    Array.from({ length: 400 }, (_, index) => ({
      source: `c${index % 37}`,
      fraud: index % 10 === 0,
      score: (index % 10 === 0 ? 0.6 : 0.3) + (((index * 7919) % 100) / 100) * noise,
      timeMs: START_MS + index * 3_600_000,
    })),
  );

test("the spread is of the customers drawn anew, the same every time, and none between a ruleset and itself", () => {
  const spread = spreadOf(sample(0.4));
  expect(spread.ap).toBeGreaterThan(0.005);
  expect(spreadOf(sample(0.4))).toEqual(spread);
  expect(spreadOfDifference(sample(0.4), sample(0.4))).toMatchObject({ ap: 0, auc: 0 });
});

const reported = (noise: number) => {
  const protocol = {
    labelDelayMs: 0,
    trainWindowMs: null,
    retrainMs: null,
    fromMs: START_MS,
    toMs: null,
    leaveOutKnown: false,
    alertsPerDay: 5,
  };
  const counts = { rows: 400, rejected: 1, unlabelled: 0, leftOut: 0 };
  const run = { scored: sample(noise), trainings: [], label: "r@1#00000000", ...counts };
  return reportOf(run, { data: "a <b>.csv", protocol, seconds: 1 });
};

test("a report is a page of its own, and what it is told is told as text", () => {
  const page = htmlOf(reported(0.4));
  expect(page.match(/<svg /g)?.length).toBe(4);
  expect(page).toContain("a &lt;b&gt;.csv");
  expect(page).not.toMatch(/NaN|undefined|Infinity|https?:/);
  expect(lines(reported(0.4)).join("\n")).toContain("not in the figures: 1 rejected");
});

test("two rulesets stand side by side, figure by figure", () => {
  const spread = spreadOfDifference(sample(0.4), sample(0.9));
  const table = comparison(reported(0.4), reported(0.9), spread).join("\n");
  expect(table).toMatch(/average precision \(AP\) +0\.\d{3} +0\.\d{3} +-0\.\d{3} +0\.\d{3}/);
});
