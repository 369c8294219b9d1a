import { Tokens } from "@weir/engine";
import { type Label, TOPICS } from "@weir/schema";
import { createLogger, readSettings, serve } from "@weir/service";
import { MemoryBroker, MemoryLog } from "@weir/stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { T0 } from "./payment.fixture.ts";
import { qualityOn } from "./service.ts";
import { qualitySettings } from "./settings.ts";

const RULESET = `
name: two
version: 1
currencies: [EUR]
rules:
  - { id: large, when: amount >= 5, score: 0.95, examples: [{ given: { amount: 5 }, expect: hit }, { given: { amount: 4 }, expect: miss }] }
  - { id: never, when: amount >= 500, score: 0.95, monitor: true, examples: [{ given: { amount: 500 }, expect: hit }, { given: { amount: 4 }, expect: miss }] }
thresholds: { review: 0.6, decline: 0.9 }
`;

const SECRET = "a secret of thirty-two bytes, so long";

const WAIT = { timeout: 20_000, interval: 20 };

function world(topics: readonly string[] = [TOPICS.legit, TOPICS.fraud, TOPICS.labels]) {
  const broker = new MemoryBroker();
  for (const topic of topics) broker.createTopic(topic, 2);
  const produce = (topic: string, partition: number, message: object | string) => {
    const value = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
    broker.produce({ topic, partition, key: null, value, timestampMs: 0 });
  };
  const decided = (number: number, atMs: number, stopped: boolean, amount = 2.5, source = "s") => {
    const id = `${TOPICS.transactions}/${number % 2}/${number}`;
    const [outcome, reasons] = stopped ? ["decline", [{ rule: "large" }]] : ["approve", []];
    const decision = { id, outcome, score: stopped ? 0.95 : 0, eventTime: T0 + atMs, ruleset: "two@1#0", reasons };
    const message = { source, target: "t", amount, currency: "EUR", decision };
    produce(stopped ? TOPICS.fraud : TOPICS.legit, number % 2, message);
    return { transaction: id, source: "s", target: "t", timestamp: T0 + atMs };
  };
  const labelled = (about: Pick<Label, "transaction" | "source" | "target" | "timestamp">, labelledAtMs: number) =>
    produce(TOPICS.labels, 0, { ...about, fraud: true, labelledAt: T0 + labelledAtMs } satisfies Label);
  return { broker, produce, decided, labelled };
}

function start(broker: MemoryBroker, env: Readonly<Record<string, string>> = {}) {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const log = new MemoryLog(broker, { interfere: (point) => (point === "read:before" ? turn() : undefined) });
  const time = { LABEL_WAIT_MS: "1000", PERIOD_MS: "1000", PERIODS: "10" };
  const readFile = (path: string) => (path === "secret" ? SECRET : RULESET);
  const source = { env: { PORT: "0", RULESET: "two.yaml", ...time, ...env }, readFile };
  const settings = readSettings(qualitySettings, source);
  const stop = new AbortController();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: "info", service: "quality", instance: "1", destination });
  const exit = serve(qualityOn({ log, place: "memory" }), settings, {
    log: logger,
    stop: { signal: stop.signal, begin: () => stop.abort() },
  });
  onTestFinished(async () => {
    stop.abort();
    await exit;
  });
  const said = () => lines.join("");
  const get = async (path: string): Promise<Response> => fetch(`${/"url":"([^"]+)"/.exec(said())?.[1]}${path}`);
  const metric = async (series: string): Promise<number | null> => {
    const page = await (await get("/metrics")).text();
    const line = page.split("\n").find((one) => one.startsWith(`${series} `));
    return line === undefined ? null : Number(line.split(" ").at(-1));
  };
  const untilReady = () => vi.waitFor(async () => expect((await get("/readyz")).status).toBe(200), WAIT);
  return { log, exit, stop: () => stop.abort(), said, metric, untilReady };
}

test("figures are those of what the topics keep, and go on with what comes", { timeout: 60_000 }, async () => {
  const { broker, decided, labelled, produce } = world();
  labelled(decided(0, 0, true, 7), 100);
  decided(1, 10, true, 8);
  labelled(decided(2, 20, false), 100);
  decided(3, 30, false);
  produce(TOPICS.fraud, 1, "no decision");
  produce(TOPICS.labels, 1, "no label");
  const service = start(broker);
  await service.untilReady();
  expect(await service.metric("weir_quality_recall")).toBeNaN();
  expect(await service.metric("weir_quality_alert_ratio")).toBe(0.5);
  expect(await service.metric('weir_quality_unreadable_total{of="decisions"}')).toBe(1);
  expect(await service.metric('weir_quality_unreadable_total{of="labels"}')).toBe(1);

  decided(5, 5000, false);
  await vi.waitFor(async () => expect(await service.metric("weir_quality_recall")).toBe(0.5), WAIT);
  expect(await service.metric("weir_quality_precision")).toBe(0.5);
  expect(await service.metric('weir_quality_rule_hits{rule="large",truth="fraud"}')).toBe(1);
  expect(await service.metric('weir_quality_rule_precision{rule="large"}')).toBe(0.5);
  expect(await service.metric('weir_quality_money{outcome="approve",currency="EUR",truth="fraud"}')).toBe(2.5);
  expect(await service.metric('weir_quality_rule_money{rule="large",currency="EUR",truth="fraud"}')).toBe(7);
  for (const truth of ["open", "fraud", "genuine", "unlabelled"])
    expect(await service.metric(`weir_quality_rule_hits{rule="never",truth="${truth}"}`)).toBe(0);
  expect(await service.metric('weir_quality_labels_total{result="counted"}')).toBe(2);
  service.stop();
  expect(await service.exit).toBe(0);
});

test("a partition that is added later is read too", { timeout: 60_000 }, async () => {
  const { broker, decided } = world();
  for (const number of [0, 1]) decided(number, 0, false);
  const service = start(broker);
  service.log.partitions = async () => 1;
  await service.untilReady();
  expect(await service.metric("weir_quality_decisions_total")).toBe(1);
  service.log.partitions = async () => 2;
  await vi.waitFor(async () => expect(await service.metric("weir_quality_decisions_total")).toBe(2), WAIT);
});

test("one customer in some is looked at with all of its payments, and no other", { timeout: 60_000 }, async () => {
  const { broker, produce } = world();
  for (let number = 0; number < 400; number += 1) {
    const decision = { id: `t/0/${number}`, outcome: "approve", score: 0, eventTime: T0, ruleset: "r", reasons: [] };
    const source = `s${Math.floor(number / 2)}`;
    produce(TOPICS.legit, 0, { source, target: "t", amount: 1, currency: "EUR", decision });
  }
  const service = start(broker, { ONE_IN: "4" });
  await service.untilReady();
  const looked = (await service.metric("weir_quality_decisions_total")) as number;
  expect(looked % 2).toBe(0);
  expect(looked).toBeGreaterThan(60);
  expect(looked).toBeLessThan(140);
});

test("a topic that is not there is a fault of the configuration", { timeout: 60_000 }, async () => {
  const { broker } = world([TOPICS.legit, TOPICS.fraud]);
  const service = start(broker);
  expect(await service.exit).toBe(78);
  expect(service.said()).toContain(`topic ${TOPICS.labels} does not exist. Mend: npm run weir -- topics apply`);
});

test("figures that would never have had their wait are a fault of the configuration", () => {
  const read = (env: Record<string, string>) =>
    readSettings(qualitySettings, { env: { RULESET: "two.yaml", ...env }, readFile: () => RULESET });
  expect(() => read({ PERIODS: "8" })).toThrow("PERIODS times PERIOD_MS must be at least");
  expect(read({ PERIODS: "9" }).time).toEqual({ waitMs: 604_800_000, periodMs: 86_400_000, periods: 9 });
});

test("labels with ids are of decisions with tokens", { timeout: 60_000 }, async () => {
  const { broker, decided, labelled } = world();
  labelled(decided(0, 0, true, 7, new Tokens(SECRET).of("s")), 100);
  decided(1, 5_000, false);
  const service = start(broker, { TOKENISE_KEY_FILE: "secret" });
  await service.untilReady();
  expect(await service.metric('weir_quality_labels_total{result="counted"}')).toBe(1);
});
