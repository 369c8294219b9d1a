/**
 * npm run bench:latency: from the time at which a payment was due to when a reader of committed records has its decision,
 * on a broker of its own on this machine, beside Kafka Streams at two commit intervals.
 *
 * The loop is open: payments are due at a fixed rate whatever becomes of those before, and carry the time at which they
 * were due, not that of a sender that was held up. All that were due within the measured time are waited for. Times are
 * whole ms, rounded down, so a latency is at most 1 ms too great.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@weir/testing";
import { build, type Histogram } from "hdr-histogram-js";
import { choices, flag, integer, integers, text } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { Arena } from "./arena.ts";
import { CONTENDER_NAMES, CONTENDERS, type Contender, named, rotated } from "./contenders.ts";
import { JOB_NAMES, type Job, jobOf } from "./jobs.ts";
import { type Latency, latencyPlot, latencyReport } from "./latency-report.ts";
import { nowMs, sendDue, watchDecisions } from "./open-loop.ts";
import { cpuSeconds, spinMs } from "./processes.ts";

/** A contender has started when a decision comes as fast as this. */
const STARTED_WHEN_MS = 500;
const START_WITHIN_MS = 60_000;
/** For the last decisions of the measured time. */
const STRAGGLERS_MS = 20_000;
const MOST_US = 120_000_000;

const values = optionsOf({
  name: "npm run bench:latency",
  about: ["How long payments wait for their decisions at fixed rates, and at Kafka Streams."],
  options: {
    rates: integers({
      about: "payments a second",
      min: 1,
      max: 100_000,
      fallback: [1_000, 2_000, 5_000, 10_000, 20_000],
    }),
    jobs: choices({ about: "which", words: JOB_NAMES, fallback: ["eight-windows", "chain"] }),
    only: choices({ about: "the contenders", words: CONTENDER_NAMES, fallback: ["weir", "streams", "streams-20ms"] }),
    rounds: integer({ about: "of all of them", min: 1, max: 1_000, fallback: 1 }),
    seconds: integer({ about: "that are measured", min: 1, max: 3_600, fallback: 20 }),
    "warm-up": integer({ about: "seconds before", min: 0, max: 3_600, fallback: 20 }),
    keys: integer({ about: "sources", min: 1, max: 10_000_000, fallback: 50_000 }),
    partitions: integer({ about: "of the input", min: 1, max: 1_000, fallback: 4 }),
    json: flag("a line of JSON for each run instead of a table"),
    from: text({
      about: "measure nothing: a table of such lines, of several sessions too",
      placeholder: "FILE",
      fallback: null,
    }),
    plot: text({ about: "where an SVG of it goes", placeholder: "FILE", fallback: null }),
  },
});
const { seconds, keys, partitions, "warm-up": warmUp } = values;
const results = values.from === null ? await measureAll() : readResults(values.from);
if (!values.json) console.log(latencyReport(results));
if (values.plot !== null) writeFileSync(values.plot, latencyPlot(results));

async function measureAll(): Promise<Latency[]> {
  const contenders = values.only.map((name) => named(CONTENDERS, name));
  const jobs = values.jobs.map(jobOf);
  for (const contender of contenders) await contender.prepare();
  const all: Latency[] = [];
  for (let round = 1; round <= values.rounds; round++) {
    await using arena = await Arena.open();
    // A broker that has just started compiles itself, with half a core.
    let warmUpMs = 2_000 * warmUp;
    for (const rate of values.rates)
      for (const job of jobs)
        for (const contender of rotated(contenders, round)) {
          const result = await measure(arena, contender, job, rate, warmUpMs);
          warmUpMs = 1_000 * warmUp;
          all.push(result);
          if (values.json) console.log(JSON.stringify(result));
          else console.error(latencyReport([result]));
        }
  }
  return all;
}

async function measure(arena: Arena, contender: Contender, job: Job, rate: number, warmUpMs: number): Promise<Latency> {
  const spin = spinMs();
  const topic = await arena.emptyInput(partitions);
  const { outputs, contestants } = await arena.start(contender, job, { topic, partitions, processes: 1 });
  await using running = contestants;
  // The measured time, once it is known: [fromMs, toMs).
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isMeasured = (dueMs: number): boolean => dueMs >= fromMs && dueMs < toMs;
  const histogram: Histogram = build({ highestTrackableValue: MOST_US, numberOfSignificantValueDigits: 3 });
  let started = false;
  const close = watchDecisions(arena, outputs, partitions, (dueMs, atMs) => {
    started ||= atMs - dueMs < STARTED_WHEN_MS;
    if (isMeasured(dueMs)) histogram.recordValue(Math.min(MOST_US, Math.max(1, Math.round((atMs - dueMs) * 1_000))));
  });
  let [measured, latestMs] = [0, 0];
  const sent = sendDue(
    arena,
    { topic, partitions, keys, rate },
    () => toMs,
    (dueMs, atMs) => {
      if (!isMeasured(dueMs)) return;
      measured++;
      latestMs = Math.max(latestMs, atMs - dueMs);
    },
  );
  await until(() => started, START_WITHIN_MS);
  fromMs = Math.ceil(nowMs()) + warmUpMs;
  toMs = fromMs + seconds * 1_000;
  const cpu = async (): Promise<[own: number, broker: number]> => [
    running.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    cpuSeconds(arena.brokerPid),
  ];
  await sleep(fromMs - nowMs());
  const before = await cpu();
  await sleep(toMs - nowMs());
  const after = await cpu();
  await sent;
  for (const endMs = nowMs() + STRAGGLERS_MS; histogram.totalCount < measured && nowMs() < endMs; ) await sleep(50);
  running.assertRunning();
  close();
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  return {
    kind: "latency",
    job: job.name,
    contender: contender.name,
    rate,
    seconds,
    partitions,
    keys,
    missing: measured - histogram.totalCount,
    ms: { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) },
    senderLatestMs: latestMs,
    cpu: (after[0] - before[0]) / seconds,
    brokerCpu: (after[1] - before[1]) / seconds,
    spinMs: spin,
  };
}

function readResults(file: string): Latency[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Latency)
    .filter(({ kind }) => kind === "latency");
}
