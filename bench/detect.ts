/**
 * The detector as it runs in production, on a broker of its own on this machine.
 *
 *   node bench/detect.ts throughput [--messages 1000000] [--rulesets threshold,starter]
 *     a preloaded topic decided exactly once by one process; its ratio to a bare copy (bench/copy.ts) on the same broker
 *   node bench/detect.ts latency [--rate 5000] [--seconds 30] [--warm-up 40] [--rulesets starter]
 *     open loop: from the time at which a transaction was due to when a read_committed reader has its decision
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type KafkaConnection, KafkaLog, openAdmin, openProducer } from "@weir/kafka";
import { partitionFor, TOPICS } from "@weir/schema";
import { repositoryRoot, startJavaKafka, weirFolder } from "@weir/testing";
import { build, type Histogram } from "hdr-histogram-js";
import { startProcess } from "../tools/process/service.ts";
import { readRuleset } from "../tools/weir/inputs.ts";
import { wantedTopics } from "../tools/weir/topics/topics.ts";

const PARTITIONS = 4;
const CUSTOMERS = 50_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: "string", default: "1000000" },
    rulesets: { type: "string" },
    rate: { type: "string", default: "5000" },
    seconds: { type: "string", default: "30" },
    "warm-up": { type: "string", default: "40" },
  },
});
const [what = "throughput"] = positionals;
const rulesets = (values.rulesets ?? (what === "latency" ? "starter" : "threshold,starter")).split(",");
const folder = join(weirFolder, "bench");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const given = process.env.KAFKA_BROKER_URL;
const kafka =
  given === undefined
    ? await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {} })
    : { brokers: given, stop: async () => {} };
const connection: KafkaConnection = { brokers: [kafka.brokers], clientId: "bench", tls: null, sasl: null };
try {
  for (const ruleset of rulesets) await (what === "latency" ? latency(ruleset) : throughput(ruleset));
  if (what === "throughput") copyForComparison();
} finally {
  await kafka.stop();
}

/** Topics of this ruleset's own, so that each run begins with an empty group and state. */
async function prepare(ruleset: string): Promise<{ readonly input: string; readonly environment: NodeJS.ProcessEnv }> {
  const app = `${ruleset}-${Date.now()}`;
  const names = {
    transactions: `${app}.${TOPICS.transactions}`,
    labels: `${app}.${TOPICS.labels}`,
    legit: `${app}.${TOPICS.legit}`,
    fraud: `${app}.${TOPICS.fraud}`,
    rejected: `${app}.${TOPICS.rejected}`,
  };
  const path = `rulesets/${ruleset}.yaml`;
  const faults: string[] = [];
  const plan = await readRuleset(path, faults);
  if (plan === null) throw new Error(faults.join("\n"));
  const admin = openAdmin(connection);
  await admin.create(wantedTopics({ names, appId: app, plan, inputKeyed: true }, PARTITIONS));
  await admin.close();
  const environment = {
    ...process.env,
    KAFKA_BROKER_URL: kafka.brokers,
    APP_ID: app,
    TRANSACTIONS_TOPIC: names.transactions,
    LABELS_TOPIC: names.labels,
    LEGIT_TOPIC: names.legit,
    FRAUD_TOPIC: names.fraud,
    REJECTED_TOPIC: names.rejected,
    RULESET: path,
    INPUT_KEYED: "true",
  };
  return { input: names.transactions, environment };
}

async function throughput(ruleset: string): Promise<void> {
  const count = Number(values.messages);
  const { input, environment } = await prepare(ruleset);
  await preload(input, count);
  const logFile = join(folder, `${ruleset}.log`);
  const detector = await startProcess("detector", "services/detector/main.ts", environment, logFile);
  const read = async (): Promise<[decided: number, cpuSeconds: number, ms: number]> => [
    await detector.metric("weir_transactions_total"),
    await detector.metric("process_cpu_seconds_total"),
    performance.now(),
  ];
  const readUntil = async (enough: number, everyMs: number): ReturnType<typeof read> => {
    let now = await read();
    for (const began = now[2]; now[0] < enough && now[2] - began < 600_000; now = await read()) await sleep(everyMs);
    return now;
  };
  const first = await readUntil(1, 20);
  const last = await readUntil(count, 100);
  const memory = await detector.metric("process_resident_memory_bytes");
  detector.signal("SIGTERM");
  await detector.exit;
  const decided = last[0] - first[0];
  console.log(
    `${ruleset}: ${Math.round(decided / ((last[2] - first[2]) / 1000))} transactions a second, ` +
      `${(((last[1] - first[1]) * 1e6) / decided).toFixed(1)} us of CPU each, ${Math.round(memory / 1e6)} MB`,
  );
}

/** The tutorial's messages, keyed by source, of customers who pay again and again. */
async function preload(input: string, count: number): Promise<void> {
  const producer = openProducer(connection, { log: () => {} });
  const letters = (seed: number): string =>
    Array.from({ length: 12 }, (_, place) => String.fromCharCode(97 + ((seed * 7919 + place * place * 31) % 26))).join(
      "",
    );
  for (let sent = 0; sent < count; sent += 5000) {
    const records = Array.from({ length: Math.min(5000, count - sent) }, (_, index) => {
      const number = sent + index;
      const customer = Math.imul(number, 2654435761) >>> 0;
      const key = Buffer.from(`${letters(customer % 26)}${customer % CUSTOMERS}`);
      const amount = 100 + ((Math.imul(number, 40503) >>> 0) % 99_901);
      const text = `{"source":"${key}","target":"${letters(number % 977)}","amount":${amount / 100},"currency":"EUR"}`;
      return { key, value: Buffer.from(text), partition: partitionFor(key, PARTITIONS) };
    });
    await producer.send(input, records);
  }
  await producer.close();
}

async function latency(ruleset: string): Promise<void> {
  const { input, environment } = await prepare(ruleset);
  const logFile = join(folder, `${ruleset}.log`);
  const detector = await startProcess("detector", "services/detector/main.ts", environment, logFile);
  await detector.untilReady(60_000);
  const log = new KafkaLog({ connection, log: () => {} });
  const seconds = Number(values.seconds);
  // A broker that has just started compiles itself for half a minute, with half a core.
  const warmUpMs = Number(values["warm-up"]) * 1000;
  const settings = { ...environment, TRANSACTIONS_PER_SECOND: values.rate };
  const generatorLog = join(folder, "generator.log");
  const generator = await startProcess("generator", "services/generator/main.ts", settings, generatorLog);
  const histogram: Histogram = build({ highestTrackableValue: 60_000_000 });
  const beganMs = Date.now();
  const readers = [environment.LEGIT_TOPIC, environment.FRAUD_TOPIC].flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => log.read({ topic: topic as string, partition }, 0)),
  );
  const reading = readers.map(async (reader) => {
    for (;;) {
      const batch = await reader.next().catch(() => null);
      if (batch === null) return;
      const nowMs = performance.timeOrigin + performance.now();
      if (nowMs - beganMs < warmUpMs) continue;
      for (const { timestampMs } of batch.records)
        histogram.recordValue(Math.max(1, Math.round((nowMs - timestampMs) * 1000)));
    }
  });
  await sleep(warmUpMs);
  const before = await detector.metric("weir_commit_duration_seconds_count");
  const cpuBefore = await detector.metric("process_cpu_seconds_total");
  await sleep(seconds * 1000);
  const commits = ((await detector.metric("weir_commit_duration_seconds_count")) - before) / seconds;
  const cpu = ((await detector.metric("process_cpu_seconds_total")) - cpuBefore) / seconds;
  for (const reader of readers) reader.close();
  await Promise.all(reading);
  for (const service of [generator, detector]) {
    service.signal("SIGTERM");
    await service.exit;
  }
  await log.close();
  const at = (percentile: number): string => (histogram.getValueAtPercentile(percentile) / 1000).toFixed(1);
  console.log(
    `${ruleset} at ${values.rate} a second, ${input}: p50 ${at(50)}, p90 ${at(90)}, p99 ${at(99)}, p99.9 ${at(99.9)}, ` +
      `max ${at(100)} ms of ${histogram.totalCount}; ${commits.toFixed(0)} commits a second, ` +
      `${(cpu * 100).toFixed(0)} % of a core in the detector`,
  );
}

/** The same broker, no deciding: what the log alone costs. */
function copyForComparison(): void {
  spawnSync(process.execPath, [join(repositoryRoot, "bench/copy.ts"), "throughput", "--messages", values.messages], {
    env: { ...process.env, KAFKA_BROKER_URL: kafka.brokers },
    stdio: "inherit",
  });
}
