/**
 * A card's number and a secret, sent in wherever a producer can put them: neither is in any log line, metric, span, answer of
 * the probes, masked answer or header that Weir writes. Which topics hold them is told as a list, which docs/security.md has too.
 */
import { readFileSync } from "node:fs";
import { entityTopic, REJECTED_HEADER_PREFIX, rejectedLedgerTopic, TOPICS } from "@weir/schema";
import type { MemoryBroker } from "@weir/stream";
import { cardNumbersIn, leakScan, OtlpCollector } from "@weir/testing";
import { expect, onTestFinished, test } from "vitest";
import { PARTITIONS, TOKEN, until, World } from "./detector.fixture.ts";

/** Of a test card: Luhn's digit is right. */
const CARD = "4111111111111111";
const SECRET = "sk_live_51H8xQ2eZvKYlo2C0aB";
const TIME_MS = 1_700_000_000_000;

const NORMAL = { source: "s1", target: "t1", amount: 12, currency: "EUR" };

/** Values of records, each with either of them somewhere. */
const TRANSACTIONS: readonly (string | object)[] = [
  { ...NORMAL, pan: CARD, cvv: "123", authorization: SECRET },
  { ...NORMAL, nested: { [CARD]: { [SECRET]: [CARD] } } },
  { ...NORMAL, [CARD]: 1, [SECRET]: CARD },
  { ...NORMAL, id: CARD },
  // The same id: a duplicate, and one with something else in it.
  { ...NORMAL, id: CARD },
  { ...NORMAL, id: CARD, amount: 13 },
  { ...NORMAL, source: CARD, target: SECRET },
  { ...NORMAL, device: CARD, category: SECRET, channel: CARD },
  // What cannot be decided.
  { ...NORMAL, amount: CARD },
  { ...NORMAL, amount: Number(CARD) },
  { ...NORMAL, currency: SECRET },
  { ...NORMAL, timestamp: CARD },
  { ...NORMAL, timestamp: Number(CARD) },
  { ...NORMAL, country: CARD, location: SECRET },
  { ...NORMAL, source: "", pan: CARD },
  { ...NORMAL, decision: CARD },
  `{"source":"${CARD}","source":"${SECRET}","target":"t","amount":1,"currency":"EUR"}`,
  `{"source":"s","pan":"${CARD}" ${SECRET}`,
  `${CARD} ${SECRET}`,
  `[${CARD}]`,
  CARD,
  { ...NORMAL, pan: CARD, filler: "x".repeat(70_000) },
];

const LABEL = {
  source: "s1",
  target: "t1",
  timestamp: new Date(TIME_MS).toISOString(),
  labelledAt: new Date(TIME_MS).toISOString(),
};
const LABELS: readonly (string | object)[] = [
  { ...LABEL, transaction: CARD, fraud: true },
  { ...LABEL, transaction: SECRET, fraud: CARD },
  `${CARD} ${SECRET}`,
];

const planted = leakScan([CARD, SECRET]);
const leaks = (text: string): string[] => [...planted(text), ...cardNumbersIn(text)];

/** Every record asks for spans. */
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** Decided by a chain of stages, with every line logged and every record traced. */
async function run() {
  const collector = await OtlpCollector.open();
  onTestFinished(() => collector[Symbol.asyncDispose]());
  const world = new World();
  const { broker } = world;
  broker.createTopic(rejectedLedgerTopic("weir"), PARTITIONS);
  const detector = world.start({
    RULESET: "counts.yaml",
    ADMIN_TOKEN_FILE: "token",
    EXPLAIN: "full",
    LOG_LEVEL: "trace",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  const send = (topic: string, values: readonly (string | object)[]): void => {
    for (const [number, one] of values.entries()) {
      const value = Buffer.from(typeof one === "string" ? one : JSON.stringify(one));
      const headers = [
        ["x-card", Buffer.from(CARD)],
        ["traceparent", Buffer.from(TRACEPARENT)],
        ["tracestate", Buffer.from(`card=${CARD}`)],
      ] as const;
      broker.produce({
        topic,
        partition: number % PARTITIONS,
        key: Buffer.from(CARD),
        value,
        headers,
        timestampMs: TIME_MS + number,
      });
    }
  };
  send(TOPICS.transactions, TRANSACTIONS);
  const outputs = [TOPICS.legit, TOPICS.fraud, TOPICS.rejected];
  const count = (): number => outputs.reduce((sum, topic) => sum + world.count(topic), 0);
  await until(() => count() === TRANSACTIONS.length);
  send(TOPICS.labels, LABELS);
  await until(() => count() >= TRANSACTIONS.length + LABELS.length - 1);
  return { world, detector, collector };
}

const recordsOf = (broker: MemoryBroker, topic: string) =>
  broker.partitions(topic).flatMap((one) => one.slice(one.start, one.end, 1e9).records);

test("a scan that finds nothing would find them", () => {
  for (const text of [`pan ${CARD}`, `4111 1111 1111 1111`, `4111-1111-1111-1111`, "5500005555555559", `key=${SECRET}`])
    expect(leaks(text), text).not.toEqual([]);
  expect(leaks(Buffer.from(CARD).toString("base64"))).not.toEqual([]);
  expect(leaks(`offset 1234567890123456, ${TIME_MS}`)).toEqual([]);
});

test("no log line, metric, span, probe, masked answer or header of Weir's has a card's number or a secret of a payment", async () => {
  const { world, detector, collector } = await run();
  const [url, adminUrl] = [await detector.url(), await detector.url("adminUrl")];
  const asked = async (address: string): Promise<string> => {
    const answer = await fetch(address, { headers: { authorization: `Bearer ${TOKEN}` } });
    return `${[...answer.headers].join("\n")}\n${await answer.text()}`;
  };
  const letters = recordsOf(world.broker, TOPICS.rejected);
  expect(letters.length).toBeGreaterThan(10);
  const ours = letters.flatMap(({ headers }) => headers.filter(([name]) => name.startsWith(REJECTED_HEADER_PREFIX)));
  const origins = ours.flatMap(([name, value]) => (name === "weir-origin" ? [String(value)] : []));
  const said = {
    metrics: await asked(`${url}/metrics`),
    ready: await asked(`${url}/readyz`),
    live: await asked(`${url}/livez`),
    "no such path": await asked(`${url}/entities/source/${CARD}`),
    list: await asked(`${adminUrl}/rejected?limit=1000`),
    refusal: await asked(`${adminUrl}/rejected?reason=${CARD}x&since=${SECRET}`),
    letters: "",
    headers: ours.map(([name, value]) => `${name}: ${value}`).join("\n"),
    log: "",
    spans: "",
  };
  // One at a time, as the detector takes them.
  for (const origin of origins.slice(0, 12)) {
    const letter = await asked(`${adminUrl}/rejected/${encodeURIComponent(origin)}`);
    expect(letter).toContain('"masked"');
    said.letters += letter;
  }
  detector.stop();
  expect(await detector.exit).toBe(0);
  said.log = detector.said();
  expect(said.log.split("\n").length).toBeGreaterThan(5);
  // Ids and times are numbers of any digits.
  said.spans = collector.text.replace(/"\w+(Id|UnixNano)":"\w+"/g, "");
  expect(said.spans).toContain("rejected:malformed");
  expect(said.metrics).toContain("weir_rejected_total");
  for (const [what, text] of Object.entries(said)) expect(leaks(text), what).toEqual([]);
});

test("the topics that hold them are those that docs/security.md names", async () => {
  const { world } = await run();
  const stages = [TOPICS.transactions, TOPICS.labels, entityTopic("weir", "source"), entityTopic("weir", "target")];
  const all = [...stages, TOPICS.legit, TOPICS.fraud, TOPICS.rejected, ...stages.map((one) => `weir.state.${one}`)];
  const holding = [...all, rejectedLedgerTopic("weir")].filter((topic) =>
    recordsOf(world.broker, topic).some(({ key, value, headers }) =>
      [key, value, ...headers.map(([, header]) => header)].some(
        (bytes) => bytes?.includes(CARD) || bytes?.includes(SECRET),
      ),
    ),
  );
  const document = readFileSync(new URL("../../../docs/security.md", import.meta.url), "utf8");
  const [, section = ""] = /## Where payments are(.*?)\n## /s.exec(document) ?? [];
  const told = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, topic]) => topic);
  expect(holding.toSorted()).toEqual(told.toSorted());
});
