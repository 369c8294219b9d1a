/** What a detector sends to a collector, and that its decisions do not depend on one. */
import { type Header, partitionFor, sampledContext, TOPICS } from "@weir/schema";
import { type CollectedSpan, freePort, OtlpCollector } from "@weir/testing";
import { expect, onTestFinished, test } from "vitest";
import { BY_SOURCE, BY_TARGET, PARTITIONS, until, World } from "./detector.fixture.ts";

const PAYMENTS = 60;
const TIME_MS = 1_700_000_000_000;
const OUTPUTS = [TOPICS.legit, TOPICS.fraud, TOPICS.rejected];

const hex = (number: number, length: number): string => (number + 1).toString(16).padStart(length, "0");
const traceOf = (number: number): string => hex(number, 32);
const spanOf = (number: number): string => hex(number, 16);
const isSampled = (number: number): boolean => number % 4 === 0;

/** Every fourth asks for spans; of the others each has something else that must not count. */
function headersOf(number: number): Header[] {
  const traceparent = (flags: string): Header => [
    "traceparent",
    Buffer.from(`00-${traceOf(number)}-${spanOf(number)}-${flags}`),
  ];
  const state: Header = ["tracestate", Buffer.from("vendor=secret-state")];
  const choices: Header[][] = [[state, traceparent("01")], [traceparent("00")], [traceparent("01-too-long")], []];
  return choices[number % choices.length] as Header[];
}

function worldWithPayments(): World {
  const world = new World();
  for (let number = 0; number < PAYMENTS; number += 1) {
    const source = `secret-source-${number % 5}`;
    const amount = number % 20 === 0 ? '"secret-amount"' : 1 + (number % 7);
    const value = `{"source":"${source}","target":"secret-target-${number % 3}","amount":${amount},"currency":"EUR","id":"secret-id-${number}"}`;
    world.broker.produce({
      topic: TOPICS.transactions,
      partition: partitionFor(source, PARTITIONS),
      key: Buffer.from(source),
      value: Buffer.from(value),
      headers: headersOf(number),
      timestampMs: TIME_MS + number,
    });
  }
  return world;
}

const decided = (world: World): number => OUTPUTS.reduce((sum, topic) => sum + world.count(topic), 0);

/** Of all outputs, in no order: topic, key, value and headers. */
function outputsOf({ broker }: World): string[] {
  const lines = OUTPUTS.flatMap((topic) =>
    broker
      .partitions(topic)
      .flatMap((one) => one.slice(one.start, one.end, 1e9).records)
      .map(({ key, value, headers, timestampMs }) =>
        [topic, key, value, timestampMs, ...headers.map(([name, text]) => `${name}=${text}`)].join("|"),
      ),
  );
  return lines.toSorted();
}

async function opened(manner?: "takes" | "hangs"): Promise<OtlpCollector> {
  const collector = await OtlpCollector.open(manner);
  onTestFinished(() => collector[Symbol.asyncDispose]());
  return collector;
}

async function run(env: Record<string, string>): Promise<World> {
  const world = worldWithPayments();
  const detector = world.start({ RULESET: "counts.yaml", ...env });
  await until(() => decided(world) === PAYMENTS);
  detector.stop();
  expect(await detector.exit).toBe(0);
  return world;
}

const textOf = (spans: readonly CollectedSpan[], attribute: string): unknown[] =>
  spans.map(({ attributes }) => attributes[attribute]);

test("each sampled transaction has a span in each stage, in its producer's trace, and its output the producer's header", async () => {
  const collector = await opened();
  const world = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const spans = collector.spans();
  const transactions = spans.filter(({ name }) => name.startsWith("process "));
  const sampled = Array.from({ length: PAYMENTS }, (_, number) => number).filter(isSampled);
  expect(new Set(transactions.map(({ traceId }) => traceId))).toEqual(new Set(sampled.map(traceOf)));
  for (const number of sampled) {
    const own = transactions.filter(({ traceId }) => traceId === traceOf(number));
    const isBad = number % 20 === 0;
    const stages = isBad ? ["gate"] : ["gate", "source", "target"];
    expect(textOf(own, "weir.stage").toSorted()).toEqual(stages);
    for (const { parentSpanId, kind, isFailed, service, startMs, endMs, attributes } of own) {
      expect([parentSpanId, kind, isFailed, service]).toEqual([spanOf(number), 5, false, "weir-detector"]);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      expect(attributes["weir.waited_ms"]).toBe(Math.max(0, Math.round(startMs - TIME_MS - number)));
    }
    const topics = { gate: TOPICS.transactions, source: BY_SOURCE, target: BY_TARGET };
    for (const { attributes } of own)
      expect(attributes["messaging.destination.name"]).toBe(topics[attributes["weir.stage"] as keyof typeof topics]);
    const outcomes = textOf(own, "weir.outcome");
    expect(outcomes.filter((outcome) => outcome === "passed")).toHaveLength(stages.length - 1);
    expect(outcomes.filter((outcome) => outcome !== "passed").join()).toMatch(
      isBad ? /^rejected:malformed$/ : /^(approve|decline)$/,
    );
  }
  // Nobody's header is touched.
  const headers = OUTPUTS.flatMap((topic) =>
    world.broker.partitions(topic).flatMap((one) => one.slice(one.start, one.end, 1e9).records),
  ).map((record) => record.headers.filter(([name]) => name.startsWith("trace")));
  const sent = Array.from({ length: PAYMENTS }, (_, number) => headersOf(number));
  expect(headers.map(String).toSorted()).toEqual(sent.map(String).toSorted());
  expect(headers.filter((own) => sampledContext(own) !== null)).toHaveLength(sampled.length);
});

test("a batch's span is linked to the spans of the transactions in it, each of which is in one", async () => {
  const collector = await opened();
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  const spans = collector.spans();
  const batches = spans.filter(({ name }) => name.startsWith("batch of "));
  const transactions = spans.filter(({ name }) => name.startsWith("process "));
  expect(batches.length + transactions.length).toBe(spans.length);
  expect(batches.every(({ parentSpanId }) => parentSpanId === null)).toBe(true);
  const linked = batches.flatMap((batch) => batch.links.map((link) => ({ ...link, batch })));
  const ids = ({ traceId, spanId }: { traceId: string; spanId: string }): string => `${traceId} ${spanId}`;
  expect(linked.map(ids).toSorted()).toEqual(transactions.map(ids).toSorted());
  for (const { spanId, batch } of linked) {
    const transaction = transactions.find((one) => one.spanId === spanId) as CollectedSpan;
    for (const name of ["messaging.destination.name", "messaging.destination.partition.id", "weir.stage"])
      expect(batch.attributes[name]).toBe(transaction.attributes[name]);
    const offset = Number(transaction.attributes["messaging.kafka.offset"]);
    expect(offset).toBeGreaterThanOrEqual(Number(batch.attributes["weir.batch.first_offset"]));
    expect(offset).toBeLessThan(Number(batch.attributes["weir.batch.next_offset"]));
    expect([batch.startMs, batch.endMs]).toEqual([transaction.startMs, transaction.endMs]);
  }
});

test("attributes are these and no others, and hold no key, no header and nothing of a payload", async () => {
  const collector = await opened();
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, EXPLAIN: "full" });
  const names = new Set(collector.spans().flatMap(({ attributes }) => Object.keys(attributes)));
  expect([...names].toSorted()).toEqual([
    "messaging.batch.message_count",
    "messaging.consumer.group.name",
    "messaging.destination.name",
    "messaging.destination.partition.id",
    "messaging.kafka.offset",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system",
    "weir.batch.compute_ms",
    "weir.batch.first_offset",
    "weir.batch.next_offset",
    "weir.batch.snapshot_records",
    "weir.outcome",
    "weir.stage",
    "weir.waited_ms",
  ]);
  expect(collector.text).not.toContain("secret");
  expect(collector.text).not.toContain(String(TIME_MS));
});

test("a dead collector, one that hangs and none at all: all is decided, to the same bytes, and a stop is in time", async () => {
  const hanging = await opened("hangs");
  // Of one stage: how partitions interleave in a log between stages differs from run to run.
  const none = outputsOf(await run({ RULESET: "threshold.yaml" }));
  expect(none).toHaveLength(PAYMENTS);
  for (const endpoint of [`http://127.0.0.1:${await freePort()}`, hanging.url]) {
    const startedMs = performance.now();
    const traced = await run({ RULESET: "threshold.yaml", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    await run({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    expect(outputsOf(traced)).toEqual(none);
  }
  expect(hanging.requests).toBeGreaterThan(0);
});
