/**
 * What partitions cost: one detector that runs all stages of rulesets/card-payments.yaml, on a broker of its own on this
 * machine, a fresh one for each number of partitions. Linux: sockets and the broker's time are read from /proc.
 *
 *   npm run bench:partitions [-- --partitions 4,64] [--rate 1000] [--idle 10] [--load 20]
 *
 * The figures of the load are of its last part, `--load` seconds after as long a time to warm up.
 */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { compileRuleset, formatFaults } from "@weir/engine";
import { openAdmin } from "@weir/kafka";
import { TOPICS } from "@weir/schema";
import { type JavaKafka, startJavaKafka, transactionalIds, weirFolder } from "@weir/testing";
import { histogramOf, type PromSample, quantile, since, sumOf } from "../tools/process/prometheus.ts";
import { type Service, startProcess } from "../tools/process/service.ts";
import { wantedTopics } from "../tools/weir/topics/topics.ts";

const RULESET = "rulesets/card-payments.yaml";
const LATENCY = "weir_end_to_end_latency_seconds";
/** Of a clock tick in /proc: 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const { values } = parseArgs({
  options: {
    partitions: { type: "string", default: "4,64" },
    rate: { type: "string", default: "1000" },
    idle: { type: "string", default: "10" },
    load: { type: "string", default: "20" },
  },
});
const [idleSeconds, loadSeconds] = [Number(values.idle), Number(values.load)];
const compiled = compileRuleset(readFileSync(RULESET, "utf8"), { file: RULESET });
if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
const { plan } = compiled;
const folder = join(weirFolder, "bench-partitions");

const columns: Record<string, string>[] = [];
for (const partitions of values.partitions.split(",").map(Number)) {
  columns.push(await measure(partitions));
  console.error(columns.at(-1));
}
console.log(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}\n`);
for (const name of Object.keys(columns[0] ?? {}))
  console.log(`| ${name} | ${columns.map((column) => column[name]).join(" | ")} |`);

async function measure(partitions: number): Promise<Record<string, string>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const kafka = await startJavaKafka({ dataDir: join(folder, "kafka"), log: () => {} });
  const services: Service[] = [];
  const start = async (name: string, environment: NodeJS.ProcessEnv): Promise<Service> => {
    const settings = { ...process.env, KAFKA_BROKER_URL: kafka.brokers, ...environment };
    const service = await startProcess(name, `services/${name}/main.ts`, settings, join(folder, `${name}.log`));
    services.push(service);
    return service;
  };
  try {
    await makeTopics(kafka, partitions);
    const startedMs = performance.now();
    const detector = await start("detector", { RULESET });
    await detector.untilReady(300_000);
    const readyMs = performance.now() - startedMs;
    const pid = await pidOf(detector);
    // The first seconds are those of its compiler.
    await sleep(5_000);
    const [sockets, idle] = [socketsOf(pid), await busy(pid, kafka.pid, idleSeconds)];
    const resting = await samplesOf(detector);

    const generator = await start("generator", { TRANSACTIONS_PER_SECOND: values.rate });
    await generator.untilReady(60_000);
    await sleep(loadSeconds * 1_000);
    const before = await samplesOf(detector);
    const loaded = await busy(pid, kafka.pid, loadSeconds);
    const after = await samplesOf(detector);
    const latency = since(histogramOf(after, LATENCY), histogramOf(before, LATENCY));
    const perSecond = (name: string): number => (sumOf(after, name) - sumOf(before, name)) / loadSeconds;
    const ms = (q: number): string => `${((quantile(q, latency) ?? Number.NaN) * 1_000).toFixed(0)} ms`;
    const ids = await transactionalIds(kafka.brokers);
    return {
      "partitions of each topic": String(partitions),
      "partitions of all stages": String(sumOf(resting, "weir_assigned_partitions")),
      "start to all running": `${(readyMs / 1_000).toFixed(1)} s`,
      "connections to the broker": String(sockets),
      "transactional ids": String(ids.length),
      "idle: memory": megabytes(resting),
      "idle: CPU of detector, of broker": idle,
      [`${values.rate} tx/s: decided a second`]: perSecond("weir_transactions_total").toFixed(0),
      [`${values.rate} tx/s: waiting in all stages`]: sumOf(after, "weir_lag_transactions").toFixed(0),
      [`${values.rate} tx/s: latency p50, p99`]: `${ms(0.5)}, ${ms(0.99)}`,
      [`${values.rate} tx/s: Kafka transactions a second`]: perSecond("weir_commits_total").toFixed(0),
      [`${values.rate} tx/s: memory`]: megabytes(after),
      [`${values.rate} tx/s: CPU of detector, of broker`]: loaded,
    };
  } finally {
    for (const service of services) await service.stop(15_000);
    await kafka.stop();
  }
}

async function makeTopics(kafka: JavaKafka, partitions: number): Promise<void> {
  const admin = openAdmin({ brokers: [kafka.brokers], clientId: "bench", tls: null, sasl: null });
  await admin.create(wantedTopics({ names: TOPICS, appId: "weir", plan, inputKeyed: false }, partitions));
  await admin.close();
}

/** A detector that is short of processor answers late. */
async function samplesOf(service: Service): Promise<PromSample[]> {
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

/** Share of one core that each of the two takes over so many seconds. */
async function busy(detector: number, broker: number, seconds: number): Promise<string> {
  const pids = [detector, broker];
  const before = pids.map(ticksOf);
  await sleep(seconds * 1_000);
  const shares = pids.map((pid, index) => (ticksOf(pid) - (before[index] ?? 0)) / TICKS_PER_SECOND / seconds);
  return shares.map((share) => `${(share * 100).toFixed(0)} %`).join(", ");
}

function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function megabytes(samples: readonly PromSample[]): string {
  return `${(sumOf(samples, "process_resident_memory_bytes") / 1e6).toFixed(0)} MB`;
}
