import { compileRuleset, Evaluator } from "@weir/engine";
import { type DecodedLabel, decodeLabel, decodeTransaction } from "@weir/schema";
import { expect, test } from "vitest";
import { Agenda } from "./agenda.ts";
import { DAY_MS } from "./event-clock.ts";
import { Labels, MAX_PENDING, type ReportedLabel } from "./labels.ts";
import type { Payment } from "./payment.ts";
import { PaymentStream } from "./payment-stream.ts";
import { Random } from "./random.ts";
import { aScenario } from "./scenario.fixture.ts";

const plan = { share: 0.8, delayMs: { from: 3 * DAY_MS, to: 14 * DAY_MS } };

function aPayment(number: number, fraud = true): Payment {
  return {
    timeMs: 1_000 + number,
    source: "ann",
    target: "bob",
    amountMinor: 500,
    country: "DE",
    device: null,
    fraud: fraud ? { attack: "mules", episode: 0 } : null,
  };
}

function decoded({ value }: ReportedLabel): DecodedLabel {
  const result = decodeLabel(value);
  if (!result.ok) throw new Error(`not a label: ${value}`);
  return result.label;
}

/** What is published up to `timeMs`. */
function publishedBy(labels: Labels, timeMs: number): ReportedLabel[] {
  labels.advance(timeMs);
  return labels.take();
}

test("a label is one that the detector reads, published long before it counts, once", () => {
  const labels = new Labels({ share: 1, delayMs: { from: 30_000, to: 30_000 } }, new Random(1, 1));
  labels.sent(aPayment(0), "run-0");
  labels.sent(aPayment(1, false), "run-1");
  expect(publishedBy(labels, 3_999)).toEqual([]);
  const [first, ...others] = publishedBy(labels, 4_000);
  expect(others).toEqual([]);
  expect(first?.source).toBe("ann");
  const truth = { transaction: "run-0", source: "ann", target: "bob", timestampMs: 1_000, fraud: true };
  expect(first && decoded(first)).toEqual({ ...truth, labelledAtMs: 31_000 });
  expect(publishedBy(labels, 1e9)).toEqual([]);
});

test("about the share of the frauds is reported, each after a delay between the bounds", () => {
  const labels = new Labels(plan, new Random(1, 1));
  for (let number = 0; number < 10_000; number += 1) labels.sent(aPayment(number), `run-${number}`);
  const told = publishedBy(labels, Number.POSITIVE_INFINITY).map(decoded);
  expect(told.length / 10_000).toBeCloseTo(0.8, 1.5);
  const delays = told.map(({ labelledAtMs, timestampMs }) => labelledAtMs - timestampMs);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(3 * DAY_MS);
  expect(Math.max(...delays)).toBeLessThanOrEqual(14 * DAY_MS);
});

test("no more wait than memory is meant for; what is beyond is counted", () => {
  const labels = new Labels({ ...plan, share: 1 }, new Random(1, 1));
  for (let number = 0; number < MAX_PENDING + 5; number += 1) labels.sent(aPayment(number), `run-${number}`);
  expect(labels).toMatchObject({ pending: MAX_PENDING, forfeited: 5 });
});

const RULESET = `name: risk
version: 1
features:
  frauds: { by: target, fraud_count: true, over: 30d }
  own_frauds: { by: source, fraud_count: true, over: 30d }
rules: [{ id: risky, when: frauds + own_frauds > 0, score: 0.7 }]
thresholds: { review: 0.6, decline: 0.9 }
`;

const MONTH = Array.from({ length: 20_000 }, (_, number) => number * 130_000);
const attacks = { merchant_compromise: { merchants_per_day: 0.002, days: 14, share: 1 } };
const aMonth = (): PaymentStream =>
  new PaymentStream({ scenario: aScenario({ attacks, labels: plan }), seed: 1, customers: 300, run: "r" });

/** Every label of the month, and, as the last ones are published after it, of some time more. */
function labelsOfAMonth(): DecodedLabel[] {
  const stream = aMonth();
  for (const nowMs of [...MONTH, 60 * DAY_MS]) stream.next(nowMs);
  return stream.takeLabels().map(decoded);
}

/** Every decision of the month; labels are told when `publishMs` says, each before the payments of that time. */
function decisionsOf(publishMs: (label: DecodedLabel) => number): string[] {
  const compiled = compileRuleset(RULESET, { file: "risk.yaml" });
  if (!compiled.ok) throw new Error("unreachable");
  const evaluator = new Evaluator(compiled.plan, { topic: "t", explain: "full" });
  const agenda = new Agenda<DecodedLabel>();
  for (const label of labelsOfAMonth()) agenda.add(publishMs(label), label);
  const stream = aMonth();
  let place = 0;
  return MONTH.map((nowMs, number) => {
    const message = decodeTransaction(stream.next(nowMs).value);
    for (let label = agenda.takeDue(nowMs); label !== null; label = agenda.takeDue(nowMs))
      expect(evaluator.label(label, place++)).toBe(true);
    if (!message.ok) throw new Error("unreachable");
    const evaluation = evaluator.transaction(message.transaction, nowMs, { partition: 0, offset: number }, place++);
    return evaluation.kind === "decided" ? evaluation.text : "duplicate";
  });
}

test("the detector does not see a label before its time, however far ahead it is published", () => {
  const inTime = decisionsOf(({ labelledAtMs }) => labelledAtMs);
  expect(inTime.filter((text) => text.includes("risky")).length).toBeGreaterThan(100);
  expect(decisionsOf(({ timestampMs, labelledAtMs }) => timestampMs + 0.1 * (labelledAtMs - timestampMs))).toEqual(
    inTime,
  );
  expect(decisionsOf(({ timestampMs }) => timestampMs + 1)).toEqual(inTime);
  // And it does see what it is told: a day too late changes decisions.
  expect(decisionsOf(({ labelledAtMs }) => labelledAtMs + DAY_MS)).not.toEqual(inTime);
});
