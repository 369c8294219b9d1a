/**
 * npm run bench:http: what hammering a detector's HTTP server does to its decisions: from the time at which a payment was due to when a reader
 * of committed records has its decision, quiet and hammered in turn, on a broker of its own on this machine.
 *
 * /metrics is asked by autocannon, over 50 connections; slow requests come over 200 connections and bodies of 100 MB over 10,
 * by hammer.ts. Each is a process of its own on this same machine, and takes processor time from the detector and the broker:
 * that share of a worse latency is no fault of the server. Each attack is compared with the quiet times before and after it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launch, repositoryRoot, until } from "@weir/testing";
import { build, type Histogram } from "hdr-histogram-js";
import { choice, integer } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { urlIn } from "../tools/process/service.ts";
import { Arena, folder } from "./arena.ts";
import { CONTENDERS, named } from "./contenders.ts";
import { JOB_NAMES, jobOf } from "./jobs.ts";
import { nowMs, sendDue, watchDecisions } from "./open-loop.ts";
import { cpuSeconds } from "./processes.ts";
import { markdownTable, median } from "./report.ts";

const PARTITIONS = 4;
const KEYS = 50_000;
const STARTED_WHEN_MS = 500;
const START_WITHIN_MS = 60_000;
/** After an attack, before anything is measured again. */
const CALM_MS = 2_000;
const STRAGGLERS_MS = 20_000;
const MOST_US = 120_000_000;
const FLOOD_CONNECTIONS = 50;
const SLOW_CONNECTIONS = 200;
const LARGE_CONNECTIONS = 10;

const values = optionsOf({
  name: "npm run bench:http",
  about: [
    "How long payments wait for their decisions while somebody hammers the detector's HTTP server, and while nobody does.",
  ],
  options: {
    rate: integer({ about: "payments a second", min: 1, max: 100_000, fallback: 2_000 }),
    requests: integer({ about: "for /metrics a second, of the flood", min: 1, max: 1_000_000, fallback: 10_000 }),
    seconds: integer({ about: "of each attack, and of quiet between", min: 1, max: 3_600, fallback: 15 }),
    rounds: integer({ about: "of all attacks", min: 1, max: 1_000, fallback: 2 }),
    job: choice({ about: "what the detector does", words: JOB_NAMES, fallback: "chain" }),
    "warm-up": integer({ about: "seconds before", min: 0, max: 3_600, fallback: 20 }),
  },
});
const { seconds } = values;

type Attack = {
  readonly name: string;
  /** Of a process, for Node. */
  readonly args: (url: string) => readonly string[];
  /** What it says of itself at its end, for people. */
  readonly told: (answer: Readonly<Record<string, number>>) => string;
};

const hammer = join(repositoryRoot, "bench/hammer.ts");
const autocannon = join(repositoryRoot, "node_modules/autocannon/autocannon.js");
const each = (count: number | undefined): string => Math.round((count ?? 0) / seconds).toLocaleString("en");

const ATTACKS: readonly Attack[] = [
  {
    name: `${values.requests.toLocaleString("en")} /metrics a second`,
    args: (url) => {
      const load = ["-c", String(FLOOD_CONNECTIONS), "-R", String(values.requests), "-d", String(seconds)];
      return [autocannon, ...load, "--json", "--no-progress", `${url}/metrics`];
    },
    told: (answer) =>
      `${each(answer["2xx"])} answered and ${each(answer.non2xx)} refused a second, ${each((answer.errors ?? 0) + (answer.timeouts ?? 0))} not at all`,
  },
  {
    name: `${SLOW_CONNECTIONS} slow requests`,
    args: (url) => [hammer, "slow", url, String(SLOW_CONNECTIONS), String(seconds)],
    told: ({ came, answered }) =>
      `${each(came)} connections a second; ${each(answered)} were told why they were cut off`,
  },
  {
    name: `${LARGE_CONNECTIONS} bodies of 100 MB`,
    args: (url) => [hammer, "large", url, String(LARGE_CONNECTIONS), String(seconds)],
    told: ({ came, answered, megabytes }) =>
      `${each(came)} a second, ${each(answered)} refused in words; ${each(megabytes)} MB a second were sent`,
  },
];

/** A time of the run, [fromMs, toMs). */
type Phase = {
  readonly attack: Attack | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly histogram: Histogram;
  sent: number;
  /** Of one core. */
  detectorCpu: number;
  brokerCpu: number;
  told: string;
};

await using arena = await Arena.open();
const phases = await measure();
console.log(report(phases));

async function measure(): Promise<Phase[]> {
  const job = jobOf(values.job);
  const topic = await arena.emptyInput(PARTITIONS);
  const place = { topic, partitions: PARTITIONS, processes: 1 };
  const { outputs, contestants } = await arena.start(named(CONTENDERS, "weir"), job, place);
  await using running = contestants;
  const [pid = 0] = running.pids;
  const phases: Phase[] = [];
  const phaseOf = (dueMs: number): Phase | undefined =>
    phases.findLast(({ fromMs, toMs }) => dueMs >= fromMs && dueMs < toMs);
  let started = false;
  const close = watchDecisions(arena, outputs, PARTITIONS, (dueMs, atMs) => {
    started ||= atMs - dueMs < STARTED_WHEN_MS;
    const us = Math.round((atMs - dueMs) * 1_000);
    phaseOf(dueMs)?.histogram.recordValue(Math.min(MOST_US, Math.max(1, us)));
  });
  let endMs = Number.POSITIVE_INFINITY;
  const stream = { topic, partitions: PARTITIONS, keys: KEYS, rate: values.rate };
  const sending = sendDue(
    arena,
    stream,
    () => endMs,
    (dueMs) => {
      const phase = phaseOf(dueMs);
      if (phase !== undefined) phase.sent += 1;
    },
  );
  await until(() => started, START_WITHIN_MS);
  const url = urlIn(readFileSync(running.logFiles[0] as string, "utf8"));
  if (url === null) throw new Error("the detector has not said where its HTTP server is");
  await sleep(values["warm-up"] * 1_000);
  const quiet = () => during(null, url, phases, pid);
  for (let round = 1; round <= values.rounds; round += 1)
    for (const attack of ATTACKS) {
      await quiet();
      await during(attack, url, phases, pid);
      await sleep(CALM_MS);
      running.assertRunning();
    }
  await quiet();
  endMs = nowMs();
  await sending;
  const allDecided = () => phases.every(({ sent, histogram }) => histogram.totalCount >= sent);
  await until(allDecided, STRAGGLERS_MS);
  close();
  return phases;
}

async function during(attack: Attack | null, url: string, phases: Phase[], pid: number): Promise<void> {
  const fromMs = Math.ceil(nowMs());
  const phase: Phase = {
    ...{ attack, fromMs, toMs: fromMs + seconds * 1_000, sent: 0, detectorCpu: 0, brokerCpu: 0, told: "" },
    histogram: build({ highestTrackableValue: MOST_US, numberOfSignificantValueDigits: 3 }),
  };
  phases.push(phase);
  const [detector, broker] = [cpuSeconds(pid), cpuSeconds(arena.brokerPid)];
  const logFile = join(folder, `attack-${phases.length}.log`);
  const attacker = attack === null ? null : await launch("attack", process.execPath, attack.args(url), logFile);
  await sleep(phase.toMs - nowMs());
  phase.detectorCpu = (cpuSeconds(pid) - detector) / seconds;
  phase.brokerCpu = (cpuSeconds(arena.brokerPid) - broker) / seconds;
  if (attacker === null || attack === null) return;
  await attacker.exit;
  const text = readFileSync(logFile, "utf8");
  const line = text.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined) throw new Error(`${attack.name} came to nothing: ${text.slice(0, 500)}`);
  phase.told = attack.told(JSON.parse(line) as Record<string, number>);
}

/** A row for each quiet and each hammered time; of the latter how much worse its p99 is than those around it. */
function report(phases: readonly Phase[]): string {
  const ms = ({ histogram }: Phase, percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  const quiet = (at: number): number =>
    median([phases[at - 1], phases[at + 1]].flatMap((one) => (one === undefined ? [] : [ms(one, 99)])));
  const rows = phases.map((phase, at) => [
    phase.attack?.name ?? "quiet",
    ...[50, 99, 100].map((percentile) => ms(phase, percentile).toFixed(1)),
    phase.attack === null ? "" : `${((ms(phase, 99) / quiet(at) - 1) * 100).toFixed(0)} %`,
    `${(phase.detectorCpu * 100).toFixed(0)} %`,
    `${(phase.brokerCpu * 100).toFixed(0)} %`,
    String(phase.sent - phase.histogram.totalCount),
    phase.told,
  ]);
  const head = [
    "",
    "ms p50",
    "p99",
    "max",
    "p99 is worse by",
    "detector's CPU",
    "broker's",
    "undecided",
    "what became of it",
  ];
  return markdownTable([head, ...rows]);
}
