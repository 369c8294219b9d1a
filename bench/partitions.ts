/**
 * npm run bench:partitions: what partitions cost: detectors that run all stages of rulesets/card-payments.yaml, on a broker of its own on this
 * machine, a fresh one for each number of partitions. Linux: sockets and the broker's time are read from /proc.
 *
 * The figures of the load are of its last part, `--load` seconds after as long a time to warm up, and longer while what has
 * piled up meanwhile is decided. Of several detectors
 * memory and processor time are of all together; the last one joins when the others have everything, and leaves under
 * load: how long that takes is until each partition of each stage is decided again, and by one of them alone.
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chainOf, compileRuleset, formatFaults } from "@weir/engine";
import { openAdmin } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { type JavaKafka, startJavaKafka, transactionalIds, until, weirFolder } from "@weir/testing";
import { integer, integers } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { histogramOf, type PromSample, quantile, since, sumOf } from "../tools/process/prometheus.ts";
import { type Service, startProcess } from "../tools/process/service.ts";
import { wantedTopics } from "../tools/weir/topics/topics.ts";
import { cpuSeconds } from "./processes.ts";

const RULESET = "rulesets/card-payments.yaml";
const LATENCY = "weir_end_to_end_latency_seconds";

const values = optionsOf({
  name: "npm run bench:partitions",
  about: ["What partitions cost in start, take-over, memory and processor time."],
  options: {
    partitions: integers({ about: "of every topic", min: 1, max: 1_000, fallback: [4, 64] }),
    detectors: integers({ about: "processes", min: 1, max: 16, fallback: [1, 2] }),
    rate: integer({ about: "payments a second", min: 1, max: 50_000, fallback: 1_000 }),
    idle: integer({ about: "seconds without any", min: 1, max: 3_600, fallback: 10 }),
    load: integer({ about: "seconds with them", min: 1, max: 3_600, fallback: 20 }),
  },
});
const { idle: idleSeconds, load: loadSeconds } = values;
const compiled = compileRuleset(readFileSync(RULESET, "utf8"), { file: RULESET });
if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
const { plan } = compiled;
const STAGES = chainOf(plan, { inputKeyed: false }).length;
const folder = join(weirFolder, "bench-partitions");

const columns: Record<string, string>[] = [];
for (const partitions of values.partitions)
  for (const detectors of values.detectors) {
    columns.push(await measure(partitions, detectors));
    console.error(columns.at(-1));
  }
console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}\n`);
for (const name of Object.keys(columns[0] ?? {}))
  console.log(`| ${name} | ${columns.map((column) => column[name]).join(" | ")} |`);

async function measure(partitions: number, count: number): Promise<Record<string, string>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {} });
  const services: Service[] = [];
  const start = async (name: string, script: string, environment: NodeJS.ProcessEnv): Promise<Service> => {
    const settings = { ...process.env, KAFKA_BROKER_URL: kafka.brokers, ...environment };
    const service = await startProcess(name, `services/${script}/main.ts`, settings, join(folder, `${name}.log`));
    services.push(service);
    return service;
  };
  const detectors: Service[] = [];
  const oneMore = async (): Promise<number> => {
    const startedMs = performance.now();
    detectors.push(await start(`detector-${detectors.length + 1}`, "detector", { RULESET }));
    return untilAllDecided(detectors, partitions * STAGES, startedMs);
  };
  try {
    await makeTopics(kafka, partitions);
    const firstMs = await oneMore();
    let lastMs: number | null = null;
    while (detectors.length < count) lastMs = await oneMore();
    const pids = await Promise.all(detectors.map(pidOf));
    // The first seconds are those of its compiler.
    await sleep(5_000);
    const sockets = pids.map(socketsOf);
    const idle = await busy(pids, kafka.pid, idleSeconds);
    const resting = await samplesOf(detectors);

    const generator = await start("generator", "generator", {
      TRANSACTIONS_PER_SECOND: String(values.rate),
      CUSTOMERS: "50000",
    });
    await generator.untilReady(60_000);
    const loadedMs = performance.now();
    await sleep(loadSeconds * 1_000);
    const hasPiledUp = async (): Promise<boolean> =>
      sumOf(await samplesOf(detectors), "weir_lag_transactions") > values.rate / 2;
    await until(async () => !(await hasPiledUp()), 60_000, 500);
    const settledMs = performance.now() - loadedMs;
    const before = await samplesOf(detectors);
    const loaded = await busy(pids, kafka.pid, loadSeconds);
    const after = await samplesOf(detectors);
    const ids = await transactionalIds(kafka.brokers);
    let leftMs: number | null = null;
    if (count > 1) {
      const startedMs = performance.now();
      const leaving = detectors.pop() as Service;
      leaving.signal("SIGTERM");
      leftMs = await untilAllDecided(detectors, partitions * STAGES, startedMs);
    }
    const latency = since(histogramOf(after, LATENCY), histogramOf(before, LATENCY));
    const perSecond = (name: string): number => (sumOf(after, name) - sumOf(before, name)) / loadSeconds;
    const ms = (q: number): string => `${((quantile(q, latency) ?? Number.NaN) * 1_000).toFixed(0)} ms`;
    return {
      "partitions of each topic": String(partitions),
      detectors: String(count),
      "partitions of all stages": String(partitions * STAGES),
      "start to all running": inSeconds(firstMs),
      "one more joins": inSeconds(lastMs),
      "connections to the broker": sockets.join(" + "),
      "transactional ids": String(ids.length),
      "idle: memory": megabytes(resting),
      "idle: CPU of detectors, of broker": idle,
      [`${values.rate} tx/s: time given to warm up`]: inSeconds(settledMs),
      [`${values.rate} tx/s: decided a second`]: perSecond("weir_transactions_total").toFixed(0),
      [`${values.rate} tx/s: waiting in all stages`]: sumOf(after, "weir_lag_transactions").toFixed(0),
      [`${values.rate} tx/s: latency p50, p99`]: `${ms(0.5)}, ${ms(0.99)}`,
      [`${values.rate} tx/s: Kafka transactions a second`]: perSecond("weir_commits_total").toFixed(0),
      [`${values.rate} tx/s: memory`]: megabytes(after),
      [`${values.rate} tx/s: CPU of detectors, of broker`]: loaded,
      [`${values.rate} tx/s: one leaves`]: inSeconds(leftMs),
    };
  } finally {
    for (const service of services) await service.stop(15_000);
    await kafka.stop();
  }
}

/** Throws after 5 minutes. Resolves with the time since `startedMs`. */
async function untilAllDecided(detectors: readonly Service[], all: number, startedMs: number): Promise<number> {
  const isDone = async (): Promise<boolean> => {
    const samples = await Promise.all(detectors.map((one) => one.samplesIfReady()));
    const counts = samples.map((own) => sumOf(own ?? [], "weir_assigned_partitions"));
    return counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === all;
  };
  if (!(await until(isDone, 300_000, 50))) throw new Error("not all partitions are decided after 300 s");
  return performance.now() - startedMs;
}

async function makeTopics(kafka: JavaKafka, partitions: number): Promise<void> {
  const admin = openAdmin({ brokers: [kafka.brokers], clientId: "bench", tls: null, sasl: null });
  await admin.create(wantedTopics({ names: TOPICS, appId: "weir", plan, inputKeyed: false }, partitions));
  await admin.close();
}

/** Of all together. */
async function samplesOf(services: readonly Service[]): Promise<PromSample[]> {
  return (await Promise.all(services.map(samplesOfOne))).flat();
}

/** A detector that is short of processor answers late. */
async function samplesOfOne(service: Service): Promise<PromSample[]> {
  for (let times = 0; times < 5; times++) {
    const samples = await service.samples();
    if (samples !== null) return samples;
  }
  throw new Error(`${service.name} does not tell its metrics; see ${service.logFile}`);
}

async function pidOf({ logFile }: Service): Promise<number> {
  return Number(/"pid":(\d+)/.exec(readFileSync(logFile, "utf8"))?.[1]);
}

/** Established TCP connections of a process, those to its own HTTP server apart: nobody asks it meanwhile. */
function socketsOf(pid: number): number {
  const own = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) own.add(inode);
  }
  const lines = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => {
      return state === "01" && own.has(inode ?? "");
    }).length;
}

/** Share of one core that the detectors, and that the broker takes over so many seconds. */
async function busy(detectors: readonly number[], broker: number, seconds: number): Promise<string> {
  const used = (): number[] => [detectors.reduce((sum, pid) => sum + cpuSeconds(pid), 0), cpuSeconds(broker)];
  const before = used();
  await sleep(seconds * 1_000);
  const shares = used().map((now, index) => (now - (before[index] ?? 0)) / seconds);
  return shares.map((share) => `${(share * 100).toFixed(1)} %`).join(", ");
}

function megabytes(samples: readonly PromSample[]): string {
  return `${(sumOf(samples, "process_resident_memory_bytes") / 1e6).toFixed(0)} MB`;
}

function inSeconds(ms: number | null): string {
  return ms === null ? "-" : `${(ms / 1_000).toFixed(1)} s`;
}
