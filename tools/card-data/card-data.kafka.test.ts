/**
 * A run of all services as processes on a real Kafka, whose ids become tokens: what was planted in payments and labels is in no
 * topic but the inputs, and in nothing that anybody is told, nor is any secret that a service was given.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openProducer } from "@weir/kafka";
import {
  cardNumbersIn,
  type DumpedRecord,
  deleteTopics,
  dumpTopics,
  leakScan,
  OtlpCollector,
  repositoryRoot,
  until,
} from "@weir/testing";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { wholeAnswer } from "../process/answer.ts";
import { type Service, startProcess } from "../process/service.ts";
import { plantedPayments } from "./payments.ts";

const PATIENCE_MS = 600_000;
const MADE_UP = 400;

const brokers = inject("kafkaBrokers");
const connection = { brokers: [brokers], clientId: "card-data-test", tls: null, sasl: null };
const SECRETS = {
  key: "k7Qp-the-key-by-which-ids-become-tokens",
  otherKey: "Zt5w-another-key-by-which-ids-become-tokens",
  admin: "aD9x-the-token-of-operators",
  password: "pW3r-the-password-of-nobody",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-cards-"));
  for (const [name, secret] of Object.entries(SECRETS)) await writeFile(join(folder, name), `${secret}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

/** An application of its own on the broker. */
function anApplication(ruleset: string) {
  const app = `cards-${randomUUID().slice(0, 8)}`;
  const topics = {
    transactions: `${app}.in`,
    labels: `${app}.labels`,
    legit: `${app}.legit`,
    fraud: `${app}.fraud`,
    rejected: `${app}.rejected`,
  };
  const fields = ["source", "device", "target"].filter((field) => ruleset.includes(`by: ${field}`));
  const logs = fields.map((field) => `${app}.by-${field}`);
  const states = [topics.transactions, topics.labels, ...logs].map((topic) => `${app}.state.${topic}`);
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    KAFKA_BROKER_URL: brokers,
    APP_ID: app,
    RULESET: join(folder, `${app}.yaml`),
    TOKENISE_KEY_FILE: join(folder, "key"),
    ADMIN_TOKEN_FILE: join(folder, "admin"),
    ...Object.fromEntries(Object.entries(topics).map(([name, topic]) => [`${name.toUpperCase()}_TOPIC`, topic])),
  };
  const start = (name: string, service: string, settings: Record<string, string> = {}): Promise<Service> =>
    startProcess(
      name,
      `services/${service}/main.ts`,
      { ...environment, ...settings },
      join(folder, `${app}-${name}.log`),
    );
  const weir = async (args: readonly string[], input = ""): Promise<{ code: number; said: string }> => {
    const child = spawn(process.execPath, [join(repositoryRoot, "tools/weir/main.ts"), ...args], { env: environment });
    child.stdin.end(input);
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code: code as number, said: `${out}${err}` };
  };
  const begin = async (): Promise<void> => {
    await writeFile(environment.RULESET as string, ruleset);
    const { code, said } = await weir(["topics", "apply", "--partitions", "2"]);
    expect(code, said).toBe(0);
  };
  return { app, topics, logs, states, ledger: `${app}.rejected.ledger`, environment, start, weir, begin };
}

const rulesetOf = (watched: string) => `
name: cards
version: 1
currencies: [EUR]
lists: { watched: ["${watched}"] }
features:
  sent: { by: source, count: true, over: 1h }
  partners: { by: source, distinct: target, over: 1h }
  on: { by: device, count: true, over: 1h }
  got: { by: target, count: true, over: 1h }
  frauds: { by: target, fraud_count: true, over: 1h }
rules:
  - { id: large, when: amount >= 900, score: 0.95 }
  - { id: busy, when: sent > 3 && got > 3 && on > 3 && partners < 9, score: 0.7 }
  - { id: risky, when: frauds > 0, score: 0.8 }
  - { id: listed, when: source in watched, score: 0.6, monitor: true }
thresholds: { review: 0.6, decline: 0.9 }
`;

const textOf = ({ key, value, headers }: Pick<DumpedRecord, "key" | "value" | "headers">): string =>
  [key, value, ...headers.flat()].map((part) => part?.toString("latin1") ?? "").join("\n");

test("card numbers and secrets are where docs/security.md says, and nowhere else", {
  timeout: PATIENCE_MS,
}, async () => {
  const planted = plantedPayments(Date.now() - 150_000);
  const { records, hidden, passed, source, traces } = planted;
  const world = anApplication(rulesetOf(source));
  const { topics, logs, states, ledger, weir } = world;
  await world.begin();

  await using collector = await OtlpCollector.open();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACE_SPANS_PER_SECOND: "100000" };
  const loud = await world.start("loud", "detector", { ...traced, LOG_LEVEL: "trace", EXPLAIN: "full" });
  const quiet = await world.start("quiet", "detector", { ...traced, EXPLAIN: "full" });
  const quality = await world.start("quality", "quality");
  // It cannot log in, since this broker asks nobody to: what it says of that is scanned too.
  const stranger = await world.start("stranger", "detector", {
    KAFKA_SASL_MECHANISM: "scram-sha-512",
    KAFKA_SASL_USERNAME: "nobody",
    KAFKA_SASL_PASSWORD_FILE: join(folder, "password"),
  });
  await Promise.all([loud.untilReady(150_000), quiet.untilReady(150_000)]);
  const generator = await world.start("generator", "generator", {
    ...traced,
    OTEL_TRACES_SAMPLER_ARG: "1",
    COUNT: String(MADE_UP),
    TRANSACTIONS_PER_SECOND: "400",
  });
  const producer = openProducer(connection, { log: () => {} });
  for (const kind of ["transactions", "labels"] as const) {
    await producer.send(
      topics[kind],
      records.filter(({ topic }) => topic === kind),
    );
    const count = records.filter(({ topic }) => topic === "transactions").length;
    // Labels come behind what they are about.
    if (kind === "transactions")
      expect(await until(async () => (await decidedBy(loud, quiet)) >= count, 150_000)).toBe(true);
  }
  await producer.send(
    topics.transactions,
    records.slice(0, 3).map((record) => ({
      ...record,
      value: Buffer.from(String(record.value).replace("paid-", "later-")),
      timestampMs: Date.now(),
    })),
  );
  await producer.close();
  const all = MADE_UP + records.filter(({ topic }) => topic === "transactions").length + 3;
  expect(await until(async () => (await decidedBy(loud, quiet)) >= all, 150_000)).toBe(true);
  expect(await generator.exit).toBe("code 0");

  const answers: Record<string, string> = {};
  const ask = async (what: string, base: string, path: string): Promise<string> => {
    const answer = await wholeAnswer(`${base}${path}`, SECRETS.admin);
    answers[what] = answer;
    return answer;
  };
  for (const service of [loud, quiet, quality])
    for (const path of ["/metrics", "/readyz", "/livez", `/entities/source/${source}`])
      await ask(`${service.name} ${path}`, await service.url(), path);
  await ask("the list of the rejected", await loud.adminUrl(), "/rejected?limit=1000");
  await ask("a question that is refused", await loud.adminUrl(), `/rejected?reason=${source}`);
  const found = await Promise.all(
    [loud, quiet].map(async (one) => ask(`entity of ${one.name}`, await one.adminUrl(), `/entities/source/${source}`)),
  );
  expect(found.filter((answer) => answer.startsWith("200"))).toHaveLength(1);

  const commands = [["rejected", "list", "--json"], ["rejected", "list"], ["reasons"]];
  for (const args of commands) {
    const { code, said } = await weir(args);
    expect(code, said).toBe(0);
    answers[`weir ${args.join(" ")}`] = said;
  }
  const { code, said } = await weir(["token"], `${source}\n`);
  expect([code, said.trim()]).toEqual([0, expect.stringMatching(/^wt_[a-p]{8}_[a-p]{32}$/)]);
  const token = said.trim();

  for (const service of [loud, quiet, quality, stranger]) await service.stop(60_000);
  const dump = await dumpTopics(brokers, [
    topics.transactions,
    topics.labels,
    topics.legit,
    topics.fraud,
    topics.rejected,
    ...logs,
    ...states,
    ledger,
  ]);
  const byTopic = Map.groupBy(dump.records, ({ topic }) => topic);
  const inTopics = (scan: (text: string) => string[]): Map<string, Set<string>> =>
    new Map([...byTopic].map(([topic, all]) => [topic, new Set(all.flatMap((record) => scan(textOf(record))))]));
  const toldIn = Object.entries(answers);
  for (const service of [loud, quiet, quality, generator, stranger])
    toldIn.push([`log of ${service.name}`, await readFile(service.logFile, "utf8")]);
  // Ids and times are numbers of any digits: of those only what was hidden is looked for, below.
  toldIn.push(["spans", collector.text.replace(/"\w+(Id|UnixNano)":"\w+"/g, "")]);

  const inputs = new Set([topics.transactions, topics.labels]);
  // Of the run itself: else it would all be about nothing.
  expect(byTopic.get(topics.rejected)?.length).toBeGreaterThan(12);
  expect(byTopic.get(topics.fraud)?.map(textOf).join("\n")).toContain(token);
  expect(byTopic.get(topics.fraud)?.map(textOf).join("\n")).toContain('"rule":"listed"');
  for (const topic of [...logs, ...states]) expect(byTopic.get(topic)?.length ?? 0, topic).toBeGreaterThan(0);
  for (const [what, log] of toldIn.filter(([name]) => name.startsWith("log of")))
    expect(log.split("\n").length, what).toBeGreaterThan(3);
  expect(await readFile(stranger.logFile, "utf8")).toContain("waiting for Kafka");
  const spans = collector.spans();
  const taken = spans.filter(({ name }) => inputs.has(name.replace("process ", "")));
  expect(new Set(taken.map(({ traceId }) => traceId)).isSupersetOf(new Set(traces))).toBe(true);
  expect(spans.filter(({ service }) => service === "weir-generator")).toHaveLength(MADE_UP);
  const outcomes = new Set(spans.map(({ attributes }) => String(attributes["weir.outcome"])));
  for (const outcome of ["passed", "approve", "decline", "rejected:malformed", "rejected:duplicate"])
    expect(outcomes).toContain(outcome);

  const secrets = leakScan([...hidden.values(), ...Object.values(SECRETS)]);
  // The scan can hit: every one of what is hidden is in an input, and one line more in anything that is told is found.
  const sent = new Set([...inTopics(secrets)].flatMap(([topic, leaks]) => (inputs.has(topic) ? [...leaks] : [])));
  for (const [where, one] of hidden) expect(sent.has(one), where).toBe(true);
  for (const [what, one] of toldIn) expect(secrets(`${one}{"msg":"paid by ${source}"}\n`), what).toEqual([source]);

  const others = [...inTopics(secrets)].filter(([topic]) => !inputs.has(topic));
  expect(others.filter(([, leaks]) => leaks.size > 0)).toEqual([]);
  expect(others.length).toBeGreaterThanOrEqual(3 + logs.length + states.length);
  const told = leakScan([...hidden.values(), ...passed.values(), ...Object.values(SECRETS)]);
  for (const [what, one] of toldIn) expect([what, told(one), cardNumbersIn(one)]).toEqual([what, [], []]);
  expect(told(collector.text)).toEqual([]);

  // What goes with a payment is where it goes, and in no state, no letter and nothing that is told.
  const holding = [...inTopics(leakScan([...passed.values()]))].flatMap(([topic, leaks]) =>
    leaks.size > 0 ? [topic] : [],
  );
  expect(new Set(holding)).toEqual(new Set([topics.transactions, ...logs, topics.legit]));
});

test("another key is brought in as docs/security.md says, and not otherwise", { timeout: PATIENCE_MS }, async () => {
  const world = anApplication(rulesetOf("nobody"));
  const { topics, logs, states, weir } = world;
  await world.begin();
  const producer = openProducer(connection, { log: () => {} });
  const pay = (from: number) =>
    producer.send(
      topics.transactions,
      Array.from({ length: 50 }, (_, index) => {
        const payment = { source: `s${index % 5}`, target: "t", amount: 1, currency: "EUR", id: `${from + index}` };
        return { key: null, partition: null, value: Buffer.from(JSON.stringify(payment)) };
      }),
    );
  const decides = async (name: string, settings: Record<string, string> = {}): Promise<void> => {
    const detector = await world.start(name, "detector", settings);
    const decided = () => detector.metric("weir_transactions_total");
    expect(await until(async () => (await decided()) >= 50, 150_000), name).toBe(true);
    expect(await detector.stop(60_000)).toBe("code 0");
  };
  await pay(0);
  await decides("first");
  const other = { TOKENISE_KEY_FILE: join(folder, "otherKey") };
  const refused = await world.start("refused", "detector", other);
  expect(await refused.exit).toBe("code 78");
  expect(await readFile(refused.logFile, "utf8")).toContain("how another one is brought in is in docs/security.md");

  expect((await weir(["drain"])).code).toBe(0);
  await deleteTopics(brokers, [...logs, ...states]);
  expect((await weir(["topics", "apply"])).code).toBe(0);
  await pay(50);
  await decides("second", other);
  await producer.close();

  const { records } = await dumpTopics(brokers, [topics.legit, topics.fraud, topics.rejected]);
  expect(records.filter(({ topic }) => topic === topics.rejected)).toEqual([]);
  const paid = records.map(
    ({ value }) => JSON.parse(String(value)) as { id: string; source: string; decision: { historySince?: number } },
  );
  expect(paid.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, id) => id),
  );
  const keysOf = (later: boolean) =>
    new Set(paid.filter(({ id }) => Number(id) >= 50 === later).map(({ source }) => source.split("_")[1]));
  expect([keysOf(false).size, keysOf(true).size, keysOf(false).union(keysOf(true)).size]).toEqual([1, 1, 2]);
  // They know that they know less.
  expect(paid.every(({ id, decision }) => (decision.historySince === undefined) === Number(id) < 50)).toBe(true);
});

async function decidedBy(...detectors: readonly Service[]): Promise<number> {
  const counts = await Promise.all(detectors.map((one) => one.metric("weir_transactions_total")));
  return counts.reduce((sum, one) => sum + one, 0);
}
