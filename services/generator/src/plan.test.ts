import { readFileSync } from "node:fs";
import { decodeLabel, decodeTransaction } from "@weir/schema";
import { readSettings } from "@weir/service";
import { expect, test } from "vitest";
import { FakeClock, MemorySink } from "./fakes.ts";
import { generate } from "./generator.ts";
import { planOf, sourceOf } from "./plan.ts";
import { Schedule } from "./schedule.ts";
import { generatorSettings } from "./settings.ts";

const NOW_MS = 1_764_000_000_000;
const root = new URL("../../../", import.meta.url);
const readFile = (path: string): string => readFileSync(new URL(path, root), "utf8");

function planWith(env: Readonly<Record<string, string>>) {
  return planOf(readSettings(generatorSettings, { env, readFile }), NOW_MS);
}

/** What a run of a fake clock sends, in its order and by topic; `sendMs`: how long Kafka takes for each batch. */
async function sentBy(env: Readonly<Record<string, string>>, sendMs: (nowMs: number) => number) {
  const plan = planWith(env);
  const clock = new FakeClock();
  const sink = new MemorySink({ clock, sendMs });
  const all: { readonly topic: string; readonly value: Buffer }[] = [];
  const recording = {
    ...sink,
    async send(topic: string, records: Parameters<MemorySink["send"]>[1]) {
      await sink.send(topic, records);
      all.push(...records.map(({ value }) => ({ topic, value })));
    },
  };
  const none = () => {};
  const events = { sending: none, sent: none, paced: none, labelling: none, sendFailed: none };
  const options = {
    topic: "t",
    labelsTopic: "l",
    sink: recording,
    source: sourceOf(plan, 4),
    schedule: new Schedule(plan.settings.rate, 2000, plan.eventClock === null ? "forfeit" : "put off"),
    count: plan.count,
    clock,
    events,
  };
  await generate(options, new AbortController().signal);
  const textsIn = (wanted: string) => all.flatMap(({ topic, value }) => (topic === wanted ? [value.toString()] : []));
  return { all, t: textsIn("t"), l: textsIn("l") };
}

const MONTH = { SCENARIO: "scenarios/everyday.yaml", SPEEDUP: "86400", COUNT: "30000", SEED: "7" };

test("with a start the same settings give the same bytes in every run, however Kafka stalls", async () => {
  const smooth = await sentBy(MONTH, () => 1);
  const rough = await sentBy(MONTH, (nowMs) => (nowMs > 3_000 && nowMs < 3_100 ? 30_000 : 2));
  expect(smooth.t).toHaveLength(30_000);
  expect(rough.t).toEqual(smooth.t);
  expect(smooth.l.length).toBeGreaterThan(50);
  expect(rough.l).toEqual(smooth.l);
  const other = await sentBy({ ...MONTH, SEED: "8" }, () => 1);
  expect(other.t[0]).not.toBe(smooth.t[0]);
});

test("labels are sent behind their payment and ahead of the first payment that may see them", async () => {
  const { all } = await sentBy(MONTH, () => 1);
  const paid = new Set<string>();
  let nowMs = 0;
  let labels = 0;
  for (const { topic, value } of all) {
    const label = topic === "l" ? decodeLabel(value) : null;
    const payment = topic === "t" ? decodeTransaction(value) : null;
    if (payment?.ok) {
      paid.add(payment.transaction.id ?? "");
      nowMs = Math.max(nowMs, payment.transaction.timestampMs ?? 0);
    } else if (label !== null) {
      if (!label.ok) throw new Error(`not a label: ${value}`);
      expect(paid).toContain(label.label.transaction);
      expect(label.label.labelledAtMs).toBeGreaterThan(nowMs);
      labels += 1;
    }
  }
  expect(labels).toBeGreaterThan(50);
});

test("the population is as large as the rate needs, slower where event time runs faster", () => {
  const everyday = "scenarios/everyday.yaml";
  expect(planWith({ SCENARIO: everyday }).customers).toBe(38_400_000);
  expect(planWith({ SCENARIO: everyday, SPEEDUP: "8640" }).customers).toBe(4_444);
  expect(planWith({ SCENARIO: "scenarios/handbook.yaml", SPEEDUP: "8640" }).customers).toBe(5_000);
  expect(planWith({ CUSTOMERS: "77" }).customers).toBe(77);
});

test("event time begins now, where START says, or long ago if it has to catch up; it ends at the clock", () => {
  expect(planWith({}).eventClock).toBeNull();
  expect(planWith({ START: "2025-11-01T00:00:00Z" }).eventClock?.at(0)).toBe(Date.parse("2025-11-01T00:00:00Z"));
  expect(planWith({ START: "2025-11-01T00:00:00Z" }).count).toBeNull();
  const fast = planWith({ SPEEDUP: "86400" });
  const last = fast.eventClock?.at((fast.count ?? 0) + 1_000) ?? 0;
  expect(last).toBeLessThanOrEqual(NOW_MS);
  expect(last).toBeGreaterThan(NOW_MS - 3 * 86_400_000);
});

test.each([
  [{ START: "2030-01-01T00:00:00Z" }, "START must not be in the future"],
  [{ START: "yesterday" }, 'START must be a time such as 2024-01-01T00:00:00Z, got "yesterday"'],
  [{ SCENARIO: "scenarios/none.yaml" }, 'SCENARIO must be the path of a readable file, got "scenarios/none.yaml"'],
  [{ SCENARIO: "rulesets/starter.yaml" }, "SCENARIO rulesets/starter.yaml:10:1: version is not known here"],
  [{ SCENARIO: "scenarios/handbook.yaml", FRAUD_PER_MILLE: "5" }, "FRAUD_PER_MILLE needs a scenario with attacks"],
])("%j is refused: %s", (env, fault) => {
  expect(() => planWith(env)).toThrow(fault);
});

test("the environment may change how much is fraud and when it is known", () => {
  const { scenario, isLabelling } = planWith({ FRAUD_PER_MILLE: "14", LABEL_DELAY_MS: "2000" });
  expect(scenario.attacks.card_testing?.share).toBeCloseTo(0.004);
  expect(scenario.labels).toEqual({ share: 0.8, delayMs: { from: 2000, to: 2000 } });
  expect(isLabelling).toBe(true);
  expect(planWith({ LABELS: "false" }).isLabelling).toBe(false);
  expect(planWith({ PLAIN: "true" }).isLabelling).toBe(false);
});
