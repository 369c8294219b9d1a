/**
 * What was written for the tutorial works unchanged: producers that know four fields and no keys, consumers that parse
 * JSON. Kafka's own console clients stand for them.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { NULL_LINE, readLines, repositoryRoot, sendLines, until } from "@weir/testing";
import { expect, inject, onTestFinished, test } from "vitest";
import { startProcess } from "../process/service.ts";

const PATIENCE_MS = 180_000;
const PAYMENTS = 1_000;
const GENERATED = 200;

const brokers = inject("kafkaBrokers");
const app = `interop-${randomUUID().slice(0, 8)}`;
const topics = {
  TRANSACTIONS_TOPIC: `${app}.transactions`,
  LEGIT_TOPIC: `${app}.legit`,
  FRAUD_TOPIC: `${app}.fraud`,
  REJECTED_TOPIC: `${app}.rejected`,
};
const environment = {
  ...process.env,
  ...topics,
  APP_ID: app,
  KAFKA_BROKER_URL: brokers,
  RULESET: "rulesets/threshold.yaml",
};

const AROUND_900 = [900, 899.99, 900.01];

/** As Python's json.dumps writes it, with an amount of at most two decimals. */
function payment(index: number): string {
  const amount = AROUND_900[index] ?? (1 + ((index * 7919) % 100_000)) / 100;
  return `{"source": "payer${index}", "target": "Zoë \\u20ac", "amount": ${amount}, "currency": "EUR"}`;
}

const withMembers = (members: string): string => `{"source":"a","target":"b","currency":"EUR",${members}}`;

/** Each with its reason, and words of the fault that is told. */
const garbage: readonly (readonly [value: string, reason: string, fault: string])[] = [
  [NULL_LINE, "malformed", "null (a tombstone)"],
  ["no JSON", "malformed", "a JSON object"],
  ['[{"source":"a"}]', "malformed", "array"],
  [withMembers('"amount":5').slice(0, -1), "malformed", "ends early"],
  [`\ufeff${withMembers('"amount":5')}`, "malformed", "byte order mark"],
  [withMembers('"amount":NaN'), "malformed", "a fault at byte"],
  [withMembers('"amount":1e400'), "malformed", "larger number"],
  [withMembers('"amount":-5'), "malformed", "negative number"],
  [withMembers('"amount":9.999'), "malformed", "3 decimals"],
  [withMembers('"amount":"5"'), "malformed", "number > 0"],
  [withMembers('"amount":5,"amount":6'), "malformed", "several"],
  [withMembers('"amount":5,"\\u0061mount":6'), "malformed", "several"],
  [withMembers('"__proto__":{"amount":5}'), "malformed", '"amount","expected":"number > 0","got":"nothing"'],
  [withMembers('"amount":5,"decision":{"outcome":"approve"}'), "malformed", "a decision"],
  [withMembers(`"amount":5,"deep":${"[".repeat(10_000)}${"]".repeat(10_000)}`), "malformed", "32 levels"],
  [withMembers('"amount":5,"timestamp":4102444800000'), "from_the_future", "at most 300000 ms after"],
  [withMembers(`"amount":5,"note":"${"x".repeat(70_000)}"`), "too_large", "at most 65536 bytes"],
];

const untilGenerated = async (logs: string, settings: Record<string, string>): Promise<void> => {
  const log = join(logs, `generator-${settings.PLAIN}.log`);
  const generator = await startProcess("generator", "services/generator/main.ts", { ...environment, ...settings }, log);
  expect(await generator.exit, await readFile(log, "utf8")).toBe("code 0");
};

/** An output without its decision: what its producer had sent. */
const original = (output: string): string => `${output.slice(0, output.lastIndexOf(',"decision":{'))}}`;

const amountOf = (line: string): number => (JSON.parse(line) as { amount: number }).amount;

test("each payment comes back once, its text unchanged, on its side of 900; all else is rejected with its reason", {
  timeout: PATIENCE_MS,
}, async () => {
  const logs = await mkdtemp(join(tmpdir(), "weir-interop-"));
  onTestFinished(() => rm(logs, { recursive: true }));
  const weir = [join(repositoryRoot, "tools/weir/main.ts"), "topics", "apply"];
  await promisify(execFile)(process.execPath, weir, { env: environment });
  const payments = Array.from({ length: PAYMENTS }, (_, index) => payment(index));
  await sendLines(brokers, topics.TRANSACTIONS_TOPIC, [...payments, ...garbage.map(([value]) => value)]);
  const generated = { COUNT: String(GENERATED), TRANSACTIONS_PER_SECOND: "5000", LABELS: "false" };
  await untilGenerated(logs, { ...generated, PLAIN: "false" });
  await untilGenerated(logs, { ...generated, PLAIN: "true" });

  const log = join(logs, "detector.log");
  const detector = await startProcess("detector", "services/detector/main.ts", environment, log);
  const all = PAYMENTS + garbage.length + 2 * GENERATED;
  const decided = await until(async () => (await detector.metric("weir_transactions_total")) >= all, 60_000);
  expect(await detector.stop(15_000), await readFile(log, "utf8")).toBe("code 0");
  expect(decided).toBe(true);

  const [sent, legit, fraud, rejected] = await Promise.all([
    readLines(brokers, topics.TRANSACTIONS_TOPIC),
    readLines(brokers, topics.LEGIT_TOPIC),
    readLines(brokers, topics.FRAUD_TOPIC),
    readLines(brokers, topics.REJECTED_TOPIC, true),
  ]);
  const rubbish = new Set(garbage.map(([value]) => value));
  const good = sent.filter((line) => !rubbish.has(line));
  expect(good).toHaveLength(PAYMENTS + 2 * GENERATED);
  expect(good).toEqual(expect.arrayContaining(payments));
  expect(legit.map(original).sort()).toEqual(good.filter((line) => amountOf(line) < 900).sort());
  expect(fraud.map(original).sort()).toEqual(good.filter((line) => amountOf(line) >= 900).sort());
  expect(rejected).toHaveLength(garbage.length);
  for (const [value, reason, fault] of garbage) {
    const fits = (line: string) => line.includes(`weir-reason:${reason},`) && line.includes(fault);
    const whole = (line: string) => reason === "too_large" || line.endsWith(`\t${value}`);
    expect(
      rejected.filter((line) => fits(line) && whole(line)),
      `${reason} for ${value.slice(0, 100)}`,
    ).toHaveLength(1);
  }
});
