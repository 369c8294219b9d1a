/**
 * Rulesets that change on a running system, on the broker that tests share: payments go on coming in, and each has one
 * output, whatever ruleset was there when it came.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { detector } from "@weir/detector";
import { compileRuleset, type Plan } from "@weir/engine";
import { type Admin, KafkaLog, openAdmin, openProducer, type Producer } from "@weir/kafka";
import { createLogger, readSettings, serve } from "@weir/service";
import type { Log } from "@weir/stream";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { auditByReadingBack } from "../../start/read-back.ts";
import { applyTopics } from "../topics/apply.ts";

const PARTITIONS = 2;
const SOURCES = 5;
const EVERY_MS = 20;
const WAIT = { timeout: 30_000, interval: 50 };
const THRESHOLD = "rulesets/threshold.yaml";
const CARDS = "rulesets/card-payments.yaml";
/** CARDS with a window more. */
const WIDENED = "widened.yaml";

const widened = readFileSync(CARDS, "utf8")
  .replace("\nname: card-payments\n", "\nname: widened\n")
  .replace("\nfeatures:\n", "\nfeatures:\n  count_2h: { by: source, count: true, over: 2h }\n")
  .replace(
    "\nrules:\n",
    `
rules:
  - id: added
    when: count_2h > 100000
    score: 0.7
    monitor: true
    examples: [{ given: { count_2h: 100001 }, expect: hit }, { given: { count_2h: 1 }, expect: miss }]
`,
  );
const readFile = (path: string): string => (path === WIDENED ? widened : readFileSync(path, "utf8"));

type Decided = {
  readonly source: string;
  readonly decision: {
    readonly ruleset: string;
    readonly order: number;
    readonly eventTime: number;
    readonly features?: Record<string, number>;
  };
};

class World {
  readonly app = `change-${randomUUID().slice(0, 8)}`;
  readonly names = {
    transactions: `${this.app}.transactions`,
    labels: `${this.app}.labels`,
    legit: `${this.app}.legit`,
    fraud: `${this.app}.fraud`,
    rejected: `${this.app}.rejected`,
  };
  readonly log: Log;
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly #coming = new AbortController();
  #sending: Promise<void> = Promise.resolve();

  constructor() {
    const connection = { brokers: [inject("kafkaBrokers")], clientId: "change", tls: null, sasl: null };
    this.log = new KafkaLog({ connection, log: () => {} });
    this.#admin = openAdmin(connection);
    this.#producer = openProducer(connection, { log: () => {} });
    onTestFinished(async () => {
      await this.stopComing();
      await Promise.all([this.log.close(), this.#admin.close(), this.#producer.close()]);
    });
  }

  async apply(ruleset: string): Promise<void> {
    const request = { names: this.names, appId: this.app, plan: planOf(ruleset), inputKeyed: false };
    expect((await applyTopics(this.#admin, { ...request, partitions: PARTITIONS })).faults).toEqual([]);
  }

  /** Payments keyed by nothing, a few at a time, until stopComing(). */
  startComing(): void {
    const send = async (): Promise<void> => {
      for (let number = 0; !this.#coming.signal.aborted; number += SOURCES) {
        const records = Array.from({ length: SOURCES }, (_, source) => ({
          key: null,
          value: Buffer.from(
            `{"id":"${number + source}","source":"s${source}","target":"t${number % 7}","amount":${1 + ((number * 37) % 1_500)},"currency":"EUR"}`,
          ),
          partition: null,
        }));
        await this.#producer.send(this.names.transactions, records);
        await delay(EVERY_MS);
      }
    };
    this.#sending = send();
  }

  async stopComing(): Promise<void> {
    this.#coming.abort();
    await this.#sending;
  }

  /** `stop` ends it in good order and resolves with its exit code, as does `exit` when it ends by itself. */
  start(environment: Readonly<Record<string, string>>) {
    const { names, app } = this;
    const env = {
      KAFKA_BROKER_URL: inject("kafkaBrokers"),
      APP_ID: app,
      TRANSACTIONS_TOPIC: names.transactions,
      LABELS_TOPIC: names.labels,
      LEGIT_TOPIC: names.legit,
      FRAUD_TOPIC: names.fraud,
      REJECTED_TOPIC: names.rejected,
      EXPLAIN: "full",
      PORT: "0",
      ...environment,
    };
    const stop = new AbortController();
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = createLogger({ level: "warn", service: "detector", instance: "1", destination });
    const settings = readSettings(detector.table, { env, readFile });
    const exit = serve(detector, settings, { log, stop: { signal: stop.signal, begin: () => stop.abort() } });
    const end = (): Promise<number> => {
      stop.abort();
      return exit;
    };
    onTestFinished(async () => void (await end()));
    return { exit, stop: end, said: () => lines.join("") };
  }

  async decided(): Promise<Decided[]> {
    const records: Decided[] = [];
    for (const topic of [this.names.legit, this.names.fraud])
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const { start, end } = await this.log.bounds({ topic, partition });
        const reader = this.log.read({ topic, partition }, start, end);
        for (let batch = await reader.next(); batch !== null; batch = await reader.next())
          records.push(...batch.records.map(({ value }) => JSON.parse(String(value)) as Decided));
        reader.close();
      }
    return records;
  }

  async untilDecidedBy(name: string, more = 20): Promise<void> {
    const count = async () => (await this.decided()).filter(({ decision }) => isBy(decision.ruleset, name)).length;
    const before = await count();
    await vi.waitFor(async () => expect(await count()).toBeGreaterThan(before + more), WAIT);
  }

  async waiting(topic: string): Promise<number> {
    const lags = await this.#admin.groupLag(`${this.app}-by-source`, topic);
    return lags.reduce((sum, { committed, end }) => sum + end - (committed ?? 0), 0);
  }
}

function planOf(path: string): Plan {
  const compiled = compileRuleset(readFile(path), { file: path });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
  return compiled.plan;
}

/** The partitions of the input interleave in the log by source, so what lies before may be of a later time. */
const notAfter = (one: Decided, upToIt: readonly Decided[]): number =>
  upToIt.filter(({ decision }) => decision.eventTime <= one.decision.eventTime).length;

const isBy = (ruleset: string, name: string): boolean => ruleset.startsWith(`${name}@`);

test("a ruleset gets stages, a window, and loses the stages again while payments come in: each is decided once, from all its history", {
  timeout: 300_000,
}, async () => {
  const world = new World();
  await world.apply(THRESHOLD);
  await world.apply(CARDS);
  const audit = await auditByReadingBack(world.log, world.names);
  world.startComing();

  for (const [ruleset, name] of [
    [THRESHOLD, "threshold"],
    [CARDS, "card-payments"],
    [WIDENED, "widened"],
  ] as const) {
    const running = world.start({ RULESET: ruleset });
    await world.untilDecidedBy(name);
    expect(await running.stop(), running.said()).toBe(0);
  }

  const gate = world.start({ RULESET: WIDENED, STAGES: "gate" });
  const bySource = `${world.app}.by-source`;
  await vi.waitFor(async () => expect(await world.waiting(bySource)).toBeGreaterThan(20), WAIT);
  expect(await gate.stop()).toBe(0);
  const refused = world.start({ RULESET: THRESHOLD });
  expect(await refused.exit).toBe(78);
  expect(refused.said()).toContain(`records wait in ${bySource}`);
  expect(await world.start({ RULESET: WIDENED, DRAIN: "true" }).exit).toBe(0);

  const back = world.start({ RULESET: THRESHOLD });
  await world.untilDecidedBy("threshold");
  await world.stopComing();
  const inputs = await audit.inputs();
  await vi.waitFor(async () => expect(await world.decided()).toHaveLength(inputs), WAIT);
  expect(await back.stop()).toBe(0);
  expect(await audit.result()).toMatchObject({
    inputs,
    once: inputs,
    missing: 0,
    doubled: 0,
    foreign: 0,
    anonymous: 0,
  });

  // The new window counts what its predecessor's stages have seen, without a gap.
  const decided = await world.decided();
  for (let source = 0; source < SOURCES; source++) {
    const own = decided
      .filter((one) => one.source === `s${source}` && !isBy(one.decision.ruleset, "threshold"))
      .sort((a, b) => a.decision.order - b.decision.order);
    const first = own.findIndex(({ decision }) => isBy(decision.ruleset, "widened"));
    expect(first).toBeGreaterThan(0);
    expect(own.slice(first).map(({ decision }) => decision.features?.count_2h)).toEqual(
      own.slice(first).map((one, index) => notAfter(one, own.slice(0, first + index + 1))),
    );
  }
});
