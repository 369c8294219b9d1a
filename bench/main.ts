/**
 * Weir beside its peers at the same jobs, on a broker of its own on this machine. Linux, Java 17, Maven; Python 3 for one.
 *
 *   npm run bench [-- --jobs split,one-window,eight-windows,chain] [--only weir,streams,streams-rocksdb,python,...]
 *     [--rounds 3] [--messages 1000000] [--keys 50000] [--partitions 4] [--span-hours 24] [--processes 1] [--json]
 *
 * Each round has a fresh broker with the same preloaded messages, and goes through all contenders, another first each
 * time. Each contender's output is read and counted; all of a round have to split alike. --json prints one line a run;
 * `--from FILE` makes the tables of such lines, also of several sessions.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Arena } from "./arena.ts";
import { CONTENDERS, named, rotated } from "./contenders.ts";
import { JOB_NAMES, jobOf } from "./jobs.ts";
import { throughputReport } from "./report.ts";
import { type Run, throughput } from "./throughput.ts";

const HOUR_MS = 3_600_000;
/** How far frauds may differ where it depends on how partitions interleave, as a share of the messages. */
const INTERLEAVING = 0.01;

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: JOB_NAMES.join(",") },
    only: { type: "string", default: "weir,streams,streams-rocksdb,python,kafkajs,kafkajs-batch" },
    rounds: { type: "string", default: "3" },
    messages: { type: "string", default: "1000000" },
    keys: { type: "string", default: "50000" },
    partitions: { type: "string", default: "4" },
    "span-hours": { type: "string", default: "24" },
    processes: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    from: { type: "string" },
  },
});
const runs = values.from === undefined ? await measure() : readRuns(values.from);
if (!values.json) console.log(throughputReport(runs, (job) => jobOf(job).what));

async function measure(): Promise<Run[]> {
  const names = values.only.split(",");
  const contenders = names.map((name) => named(CONTENDERS, name));
  const jobs = values.jobs.split(",").map((name) => jobOf(named(JOB_NAMES, name)));
  const workload = {
    messages: Number(values.messages),
    keys: Number(values.keys),
    partitions: Number(values.partitions),
    spanMs: Number(values["span-hours"]) * HOUR_MS,
  };
  const processes = Number(values.processes);
  for (const contender of contenders) await contender.prepare();
  const all: Run[] = [];
  const session = new Date().toISOString();
  for (let number = 1; number <= Number(values.rounds); number++) {
    const round = `${session} ${number}`;
    await using arena = await Arena.open();
    for (const job of jobs) {
      const able = contenders.filter((contender) => contender.jobs.includes(job.name));
      const own: Run[] = [];
      for (const contender of rotated(able, number)) {
        const messages = Math.round(workload.messages * contender.share);
        const input = await arena.input({ ...workload, messages });
        const result = await throughput(arena, contender, job, { input, partitions: workload.partitions, processes });
        const setting = { ...workload, messages, processes };
        own.push({ kind: "throughput", round, job: job.name, contender: contender.name, ...setting, ...result });
        tell(own.at(-1) as Run);
      }
      assertAlike(own);
      all.push(...own);
    }
  }
  return all;
}

function tell(run: Run): void {
  if (values.json) console.log(JSON.stringify(run));
  const { round, job, contender, perSecond, cpuUs, peakMb, spinMs } = run;
  console.error(
    `${round}, ${job}, ${contender}: ${Math.round(perSecond).toLocaleString("en")} a second, ` +
      `${cpuUs.toFixed(1)} us of CPU each, ${peakMb.toFixed(0)} MB; spin ${spinMs.toFixed(0)} ms`,
  );
}

/** Nobody is credited for another job than the others'. */
function assertAlike(runs: readonly Run[]): void {
  for (const [messages, own] of Map.groupBy(runs, (run) => run.messages)) {
    const frauds = own.map(({ split }) => split.fraud);
    const most = own[0]?.job === "chain" ? INTERLEAVING * messages : 0;
    if (Math.max(...frauds) - Math.min(...frauds) <= most) continue;
    const told = own.map(({ contender, split }) => `${contender} ${split.fraud}`);
    throw new Error(`the contenders differ in what is fraud: ${told.join(", ")}`);
  }
}

function readRuns(file: string): Run[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Run)
    .filter(({ kind }) => kind === "throughput");
}
