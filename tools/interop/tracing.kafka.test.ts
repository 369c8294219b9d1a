/**
 * A trace from the generator to the decision, over a real Kafka: spans as a collector takes them, headers as they lie in
 * the topics, and nothing of a payment in anything that was exported.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { KafkaLog, openProducer } from "@weir/kafka";
import type { LogRecord } from "@weir/schema";
import { recordsOf } from "@weir/stream";
import { type CollectedSpan, OtlpCollector, ownTopics, repositoryRoot, until } from "@weir/testing";
import { expect, inject, onTestFinished, test } from "vitest";
import { type Service, startProcess } from "../process/service.ts";

const PATIENCE_MS = 240_000;
const PAYMENTS = 3_000;
const SHARE = 0.2;
const FOREIGN = "0123456789abcdef0123456789abcdef";

const brokers = inject("kafkaBrokers");
const app = `tracing-${randomUUID().slice(0, 8)}`;
const topics = ownTopics(app);
const environment = {
  PATH: process.env.PATH,
  KAFKA_BROKER_URL: brokers,
  APP_ID: app,
  RULESET: join(repositoryRoot, "rulesets/card-payments.yaml"),
  ...topics,
};

/** Of other producers: those whose header asks for spans have them, whatever else a header says. */
const foreign: readonly (readonly [id: string, traceparent: string | null])[] = [
  ["foreign-sampled", `00-${FOREIGN}-00000000000000ff-01`],
  ["foreign-unsampled", `00-${FOREIGN.replace("0", "a")}-00000000000000ff-00`],
  ["foreign-invalid", `00-${FOREIGN.toUpperCase()}-00000000000000ff-01`],
  ["foreign-long", "00-".padEnd(30_000, "f")],
  ["foreign-null", null],
];

const connection = { brokers: brokers.split(","), clientId: "foreign", tls: null, sasl: null };

async function sendForeign(): Promise<void> {
  const producer = openProducer(connection, { log: () => {} });
  await producer.send(
    topics.TRANSACTIONS_TOPIC,
    foreign.map(([id, traceparent]) => ({
      key: Buffer.from("foreign-source"),
      value: Buffer.from(
        `{"source":"foreign-source","target":"foreign-target","amount":5.55,"currency":"EUR","id":"${id}","timestamp":"2024-01-01T08:00:00Z"}`,
      ),
      partition: null,
      headers: [["traceparent", traceparent === null ? null : Buffer.from(traceparent)] as const],
    })),
  );
  await producer.close();
}

async function allRecords(topic: string): Promise<LogRecord[]> {
  const log = new KafkaLog({ connection, log: () => {} });
  const records: LogRecord[] = [];
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1)
    for await (const record of recordsOf(log, { topic, partition })) records.push(record);
  await log.close();
  return records;
}

/** Ids of the traces whose spans records ask for. */
function tracesIn(records: readonly LogRecord[]): string[] {
  return records.flatMap(({ headers }) =>
    headers.flatMap(([name, value]) => {
      const [, trace] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(String(value)) ?? [];
      return name === "traceparent" && trace !== undefined ? [trace] : [];
    }),
  );
}

test("spans of one trace from the producer to the decision, linked to their batches, with nothing of a payment", {
  timeout: PATIENCE_MS,
}, async () => {
  const logs = await mkdtemp(join(tmpdir(), "weir-tracing-"));
  onTestFinished(() => rm(logs, { recursive: true }));
  await using collector = await OtlpCollector.open();
  const traced = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TRACE_SPANS_PER_SECOND: "100000" };
  const start = (name: string, settings: Record<string, string> = {}): Promise<Service> =>
    startProcess(name, `services/${name}/main.ts`, { ...traced, ...settings }, join(logs, `${name}.log`));
  const weir = [join(repositoryRoot, "tools/weir/main.ts"), "topics", "apply", "--partitions", "3"];
  await promisify(execFile)(process.execPath, weir, { env: environment });

  const detector = await start("detector");
  // Event time is not the clock's, so that a timestamp in a payment is unlike any time of a span.
  const generator = await start("generator", {
    START: "2024-01-01T08:00:00Z",
    TRANSACTIONS_PER_SECOND: "1000",
    COUNT: String(PAYMENTS),
    OTEL_TRACES_SAMPLER_ARG: String(SHARE),
  });
  await sendForeign();
  expect(await generator.exit, await readFile(join(logs, "generator.log"), "utf8")).toBe("code 0");
  const all = PAYMENTS + foreign.length;
  const isDone = async (): Promise<boolean> => (await detector.metric("weir_transactions_total")) >= all;
  expect(await until(isDone, 60_000), await readFile(join(logs, "detector.log"), "utf8")).toBe(true);
  const counts = (await detector.samples())?.filter(({ name }) => name === "weir_trace_spans_total") ?? [];
  expect(await detector.stop(15_000)).toBe("code 0");
  expect(counts.find(({ labels }) => labels.result === "dropped")?.value).toBe(0);

  const input = await allRecords(topics.TRANSACTIONS_TOPIC);
  const decisions = [...(await allRecords(topics.LEGIT_TOPIC)), ...(await allRecords(topics.FRAUD_TOPIC))];
  expect([input.length, decisions.length]).toEqual([all, all]);

  const spans = collector.spans();
  const sent = spans.filter(({ service }) => service === "weir-generator");
  const decided = spans.filter(({ service, name }) => service === "weir-detector" && name.startsWith("process "));
  const batches = spans.filter(({ name }) => name.startsWith("batch of "));
  expect(sent.length + decided.length + batches.length).toBe(spans.length);
  expect(sent.length / PAYMENTS).toBeGreaterThan(SHARE / 2);
  expect(sent.length / PAYMENTS).toBeLessThan(SHARE * 2);

  // One trace from end to end: the same ids in the producer's spans, in the input, in each stage and in the outputs.
  const traces = [...sent.map(({ traceId }) => traceId), FOREIGN].toSorted();
  expect(new Set(traces).size).toBe(traces.length);
  expect(tracesIn(input).toSorted()).toEqual(traces);
  expect(tracesIn(decisions).toSorted()).toEqual(traces);
  const stages = Map.groupBy(decided, ({ attributes }) => attributes["weir.stage"]);
  expect([...stages.keys()].toSorted()).toEqual(["gate", "source", "target"]);
  const producers = new Map(sent.map(({ traceId, spanId }) => [traceId, spanId]));
  for (const [stage, own] of stages) {
    expect(own.map(({ traceId }) => traceId).toSorted(), String(stage)).toEqual(traces);
    for (const { traceId, parentSpanId } of own)
      expect(parentSpanId).toBe(producers.get(traceId) ?? "00000000000000ff");
  }
  for (const [traceId, own] of Map.groupBy(decided, (span) => span.traceId)) {
    const outcome = own.map(({ attributes }) => attributes["weir.outcome"]).find((one) => one !== "passed");
    const line = String(decisions.find((record) => tracesIn([record]).includes(traceId))?.value);
    expect(line).toContain(`"outcome":"${outcome}"`);
    // The decision id says where the transaction lay.
    const { attributes } = own.find((span) => span.attributes["weir.stage"] === "gate") as CollectedSpan;
    const place = [
      attributes["messaging.destination.name"],
      attributes["messaging.destination.partition.id"],
      attributes["messaging.kafka.offset"],
    ];
    expect(line).toContain(`"id":"${place.join("/")}"`);
  }

  const linked = batches.flatMap(({ links }) => links.map(({ spanId }) => spanId));
  expect(linked.toSorted()).toEqual(decided.map(({ spanId }) => spanId).toSorted());

  expect(leaksIn(collector.text, input)).toEqual([]);
  expect(leaksIn(`{"stringValue":"${input[0]?.key}"}`, input)).toEqual([String(input[0]?.key)]);
});

/** Keys of the input, and values of its payments, that stand as words in a text. */
function leaksIn(text: string, input: readonly LogRecord[]): string[] {
  const words = new Set(text.match(/[\w.-]+/g));
  const values = new Set(
    input.flatMap(({ key, value }) => {
      const payment = JSON.parse(String(value)) as Record<string, unknown>;
      return [String(key), ...Object.values(payment).filter(isTelling).map(String)];
    }),
  );
  return [...values].filter((one) => words.has(one));
}

/** A small number may stand anywhere, and so may quarters in a duration. */
function isTelling(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "number" && (value > 1e6 || !Number.isInteger(value * 4)));
}
