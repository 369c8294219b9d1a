import type { DecodedTransaction } from "@weir/schema";
import { describe, expect, test } from "vitest";
import { compileRuleset } from "./compile.ts";
import { Evaluator } from "./evaluator.ts";
import { formatFaults } from "./fault.ts";

const RULESET = `
name: r
version: 1
features:
  count_1h: { by: source, count: true, over: 1h }
  usual: { by: source, mean: amount, over: 30d, before: true }
  payers_1h: { by: target, distinct: source, over: 1h }
  frauds: { by: target, fraud_count: true, over: 7d }
  by_device: { by: device, count: true, over: 1h }
  pair: { by: [source, target], count: true, over: 1h }
rules:
  - { id: busy, when: count_1h > 2 && pair > 1, score: 0.7 }
  - { id: unusual, when: usual != null && amount > 2 * usual, score: 0.95 }
  - { id: mule, when: frauds > 0, score: 0.9 }
  - { id: watched, when: payers_1h > 1 || by_device > 1, score: 1, monitor: true }
thresholds: { review: 0.6, decline: 0.9 }
`;
const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

function evaluatorOf(text = RULESET, explain: "none" | "full" = "full"): Evaluator {
  const result = compileRuleset(text, { file: "r.yaml" });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return new Evaluator(result.plan, { topic: "in", explain });
}

const aTransaction = (given: Partial<DecodedTransaction> = {}): DecodedTransaction => ({
  id: null,
  source: "alice",
  target: "shop",
  currency: "EUR",
  amountMinor: 1_000,
  exponent: 2,
  timestampMs: null,
  channel: null,
  country: null,
  category: null,
  device: null,
  location: null,
  ...given,
});

/** Each at its own offset of one log, ms after the start. */
function run(evaluator: Evaluator, ...log: readonly [ms: number, given?: Partial<DecodedTransaction>][]) {
  return log.map(([ms, given], offset) => {
    const evaluation = evaluator.transaction(aTransaction(given), NOW_MS + ms, { partition: 3, offset }, offset);
    return evaluation.kind === "duplicate" ? evaluation.duplicate : JSON.parse(evaluation.text);
  });
}

describe("a decision", () => {
  test("asks every entity's past, whatever the order of the features in the document", () => {
    const [, , third] = run(
      evaluatorOf(),
      [0, { source: "bob", device: "d" }],
      [1_000],
      [2_000, { amountMinor: 5_000, device: "d" }],
    );
    expect(third.features).toEqual({ count_1h: 2, usual: 10, pair: 2, payers_1h: 2, frauds: 0, by_device: 2 });
  });

  test("takes an id as its source's own: payments of one id to one target count for each who made them", () => {
    const evaluator = evaluatorOf();
    const payers = ["ann", "bob", "cat"].map((source, ms) => [ms, { source, id: "1" }] as const);
    const decisions = run(evaluator, ...payers.map(([ms, given]): [number, typeof given] => [ms, given]));
    expect(decisions.map(({ features }) => features.payers_1h)).toEqual([1, 2, 3]);
    const fraud = { transaction: "1", target: "shop", timestampMs: NOW_MS, fraud: true, labelledAtMs: NOW_MS };
    expect(evaluator.label({ ...fraud, source: "dan" }, 10)).toBe(false);
    expect(evaluator.label({ ...fraud, source: "bob" }, 11)).toBe(true);
  });

  test("tells a missing feature as null", () => {
    expect(run(evaluatorOf(), [0])[0].features.usual).toBeNull();
  });

  test("names the transactions that its reasons are about, the newest first, none for what no feature counts", () => {
    const [, , third] = run(evaluatorOf(), [0], [1], [2, { amountMinor: 2_001 }]);
    expect(third).toMatchObject({ id: "in/3/2", outcome: "decline", score: 0.95 });
    expect(third.reasons).toEqual([
      {
        rule: "busy",
        score: 0.7,
        when: "count_1h > 2 && pair > 1",
        observed: { count_1h: 3, pair: 3 },
        evidence: ["in/3/1", "in/3/0"],
        text: "busy scores 0.7: count_1h (3) > 2 and pair (3) > 1; see in/3/1, in/3/0",
      },
      {
        rule: "unusual",
        score: 0.95,
        when: "usual != null && amount > 2 * usual",
        observed: { usual: 10, amount: 20.01 },
        evidence: ["in/3/1", "in/3/0"],
        text: "unusual scores 0.95: usual is there and amount (20.01) > 2 * usual (10); see in/3/1, in/3/0",
      },
    ]);
  });

  test("names at most 20 of them for one reason", () => {
    const decisions = run(evaluatorOf(), ...Array.from({ length: 30 }, (_, ms) => [ms] as [number]));
    expect(decisions.at(-1).reasons[0].evidence).toHaveLength(20);
    expect(decisions.at(-1).reasons[0].evidence[0]).toBe("in/3/28");
    expect(decisions.at(-1).reasons[0].text).toMatch(/; see in\/3\/28, in\/3\/27, in\/3\/26 and 17 more$/);
  });

  test("is not moved by a rule that is only watched, which is told all the same", () => {
    const [, second] = run(evaluatorOf(), [0, { source: "bob" }], [1]);
    expect(second).toMatchObject({ outcome: "approve", score: 0, reasons: [{ rule: "watched", monitor: true }] });
    expect(second.reasons[0].text).toMatch(/^watched only watches: payers_1h \(2\) > 1 or /);
  });

  test("without EXPLAIN=full has neither features nor sentences", () => {
    const [, , third] = run(evaluatorOf(RULESET, "none"), [0], [1], [2]);
    expect(third).not.toHaveProperty("features");
    expect(third.reasons[0]).not.toHaveProperty("text");
  });
});

test("a late transaction is decided, flagged and not counted", () => {
  const decisions = run(evaluatorOf(), [2 * HOUR_MS], [0], [2 * HOUR_MS]);
  expect(decisions.map(({ late }) => late)).toEqual([undefined, true, undefined]);
  expect(decisions.map(({ features }) => features.count_1h)).toEqual([1, 1, 2]);
});

test("a second transaction of a source's id is told from the first, also when it says something else, and not counted", () => {
  const decisions = run(
    evaluatorOf(),
    [0, { id: "a" }],
    [1, { id: "a" }],
    [2, { id: "a", amountMinor: 1_001 }],
    [3, { id: "a", source: "bob" }],
    [4, { id: "b" }],
  );
  const origin = { partition: 3, offset: 0 };
  expect(decisions.slice(1, 3)).toEqual([
    { origin, samePayload: true },
    { origin, samePayload: false },
  ]);
  expect(decisions[3].features.count_1h).toBe(1);
  expect(decisions[4].features.count_1h).toBe(2);
});

test("a label counts from when it was known, found by id or by decision id", () => {
  const evaluator = evaluatorOf();
  const label = { source: "alice", target: "shop", timestampMs: NOW_MS, fraud: true };
  const frauds = (offset: number, ms: number): number => {
    const at = { partition: 0, offset };
    const evaluation = evaluator.transaction(aTransaction({ source: `s${offset}` }), NOW_MS + ms, at, offset);
    return evaluation.kind === "decided" ? JSON.parse(evaluation.text).features.frauds : -1;
  };
  evaluator.transaction(aTransaction({ id: "x" }), NOW_MS, { partition: 0, offset: 0 }, 0);
  evaluator.transaction(aTransaction(), NOW_MS, { partition: 0, offset: 1 }, 1);
  expect(evaluator.label({ ...label, transaction: "x", labelledAtMs: NOW_MS + 10 }, 2)).toBe(true);
  expect(evaluator.label({ ...label, transaction: "in/0/1", labelledAtMs: NOW_MS + 20 }, 3)).toBe(true);
  expect(evaluator.label({ ...label, transaction: "in/0/9", labelledAtMs: NOW_MS + 20 }, 4)).toBe(false);
  expect(evaluator.label({ ...label, transaction: "other/0/1", labelledAtMs: NOW_MS + 20 }, 5)).toBe(false);
  expect([frauds(6, 9), frauds(7, 10), frauds(8, 20)]).toEqual([0, 1, 2]);
});
