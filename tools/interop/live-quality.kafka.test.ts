/**
 * What the service quality says of a real run, against a recount of what lies in the topics: read by Kafka's own console
 * consumer, counted without any of its code.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ownTopics, readLines, repositoryRoot, until } from "@weir/testing";
import { expect, inject, onTestFinished, test } from "vitest";
import type { PromSample } from "../process/prometheus.ts";
import { type Service, startProcess } from "../process/service.ts";

const PATIENCE_MS = 240_000;
const PAYMENTS = 12_000;
const WAIT_MS = 45_000;
const PERIOD_MS = 60_000;
const RULESET = "rulesets/card-payments.yaml";

const brokers = inject("kafkaBrokers");
const app = `quality-${randomUUID().slice(0, 8)}`;
const topics = ownTopics(app);
const environment = {
  PATH: process.env.PATH,
  KAFKA_BROKER_URL: brokers,
  APP_ID: app,
  RULESET: join(repositoryRoot, RULESET),
  INPUT_KEYED: "true",
  ...topics,
};

type Decided = {
  readonly id: string;
  readonly source: string;
  readonly amount: number;
  readonly decision: {
    readonly outcome: string;
    readonly eventTime: number;
    readonly reasons: readonly { readonly rule: string }[];
  };
};
type Label = {
  readonly transaction: string;
  readonly source: string;
  readonly fraud: boolean;
  readonly labelledAt: number;
};

test("the figures are those that the topics' content gives, dead rules among them", {
  timeout: PATIENCE_MS,
}, async () => {
  const logs = await mkdtemp(join(tmpdir(), "weir-quality-"));
  onTestFinished(() => rm(logs, { recursive: true }));
  const start = (name: string, settings: Record<string, string> = {}): Promise<Service> =>
    startProcess(name, `services/${name}/main.ts`, { ...environment, ...settings }, join(logs, `${name}.log`));
  const weir = [join(repositoryRoot, "tools/weir/main.ts"), "topics", "apply", "--partitions", "3"];
  await promisify(execFile)(process.execPath, weir, { env: environment });
  const forQuality = { LABEL_WAIT_MS: String(WAIT_MS), PERIOD_MS: String(PERIOD_MS), PERIODS: "100" };

  // From before the first payment on: what it follows must in the end be what one finds that comes late.
  const early = await start("quality", forQuality);
  const detector = await start("detector");
  const generator = await start("generator", {
    START: "2024-01-01T08:00:00Z",
    SPEEDUP: "60",
    TRANSACTIONS_PER_SECOND: "1500",
    COUNT: String(PAYMENTS),
  });
  expect(await generator.exit).toBe("code 0");
  const all = async (): Promise<boolean> => (await detector.metric("weir_transactions_total")) >= PAYMENTS;
  expect(await until(all, 60_000), await readFile(join(logs, "detector.log"), "utf8")).toBe(true);
  expect(await detector.stop(15_000)).toBe("code 0");

  const [legit, fraud, labels] = await Promise.all(
    ([topics.LEGIT_TOPIC, topics.FRAUD_TOPIC, topics.LABELS_TOPIC] as const).map((topic) => readLines(brokers, topic)),
  );
  const decided = [...(legit ?? []), ...(fraud ?? [])].map((line) => JSON.parse(line) as Decided);
  const known = (labels ?? []).map((line) => JSON.parse(line) as Label);
  expect(known.length).toBeGreaterThan(30);
  const followed = async (): Promise<boolean> => (await early.metric("weir_quality_decisions_total")) >= decided.length;
  expect(await until(followed, 30_000)).toBe(true);
  expect(await early.stop(15_000)).toBe("code 0");

  const late = await start("quality", forQuality);
  await late.untilReady(60_000);
  const samples = (await late.samples()) ?? [];
  expect(await late.stop(15_000)).toBe("code 0");

  const wanted = recount(decided, known);
  expect(figuresIn(samples)).toEqual(wanted);
  // Else it would all be about nothing.
  expect(wanted.payments.get("decline fraud")).toBeGreaterThan(10);
  expect(wanted.payments.get("approve unlabelled")).toBeGreaterThan(1000);
  expect(wanted.precision).toBeGreaterThan(0.3);
  const rules = samples.filter(({ name }) => name === "weir_quality_rule_hits").map(({ labels: { rule } }) => rule);
  const hit = new Set([...wanted.hits.keys()].map((key) => key.split(" ")[0]));
  expect(new Set(rules).size).toBeGreaterThan(hit.size);
});

type Figures = {
  /** By outcome and truth; by rule and truth. What is 0 is left out. */
  readonly payments: Map<string, number>;
  readonly cents: Map<string, number>;
  readonly hits: Map<string, number>;
  readonly precision: number;
  readonly recall: number;
};

function recount(decided: readonly Decided[], labels: readonly Label[]): Figures {
  const [payments, cents, hits] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const add = (counts: Map<string, number>, key: string, amount: number): void =>
    void counts.set(key, (counts.get(key) ?? 0) + amount);
  const streamMs = Math.max(...decided.map(({ decision }) => decision.eventTime));
  const ripe = { stopped: 0, fraud: 0 };
  const frauds = { stopped: 0, all: 0 };
  for (const { id, source, amount, decision } of decided) {
    const { eventTime, outcome, reasons } = decision;
    const own = labels.filter(
      (label) =>
        label.transaction === id &&
        label.source === source &&
        label.labelledAt <= Math.min(streamMs, eventTime + WAIT_MS),
    );
    const last = own.toSorted((a, b) => a.labelledAt - b.labelledAt).at(-1);
    const unknown = streamMs >= eventTime + WAIT_MS ? "unlabelled" : "open";
    const truth = last === undefined ? unknown : last.fraud ? "fraud" : "genuine";
    add(payments, `${outcome} ${truth}`, 1);
    add(cents, `${outcome} ${truth}`, Math.round(amount * 100));
    for (const rule of new Set(reasons.map((reason) => reason.rule))) add(hits, `${rule} ${truth}`, 1);
    const stopped = outcome === "approve" ? 0 : 1;
    if (truth === "fraud") frauds.all += 1;
    if (truth === "fraud") frauds.stopped += stopped;
    if ((Math.floor(eventTime / PERIOD_MS) + 1) * PERIOD_MS + WAIT_MS > streamMs) continue;
    ripe.stopped += stopped;
    if (truth === "fraud") ripe.fraud += stopped;
  }
  return { payments, cents, hits, precision: ripe.fraud / ripe.stopped, recall: frauds.stopped / frauds.all };
}

function figuresIn(samples: readonly PromSample[]): Figures {
  const by = (metric: string, label: string, scale = 1): Map<string, number> =>
    new Map(
      samples
        .filter(({ name, value, labels }) => name === metric && value !== 0 && (labels.currency ?? "EUR") === "EUR")
        .map(({ labels, value }) => [`${labels[label]} ${labels.truth}`, Math.round(value * scale)]),
    );
  const value = (metric: string): number => samples.find(({ name }) => name === metric)?.value ?? Number.NaN;
  return {
    payments: by("weir_quality_payments", "outcome"),
    cents: by("weir_quality_money", "outcome", 100),
    hits: by("weir_quality_rule_hits", "rule"),
    precision: value("weir_quality_precision"),
    recall: value("weir_quality_recall"),
  };
}
