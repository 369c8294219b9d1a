/** npm run bench: Weir beside its peers at the same jobs, on a broker of its own on this machine. */
import { readFileSync } from "node:fs";
import { choices, flag, integer, text } from "../tools/cli/arguments.ts";
import { optionsOf } from "../tools/cli/command.ts";
import { Arena } from "./arena.ts";
import { CONTENDER_NAMES, CONTENDERS, named, rotated } from "./contenders.ts";
import { JOB_NAMES, jobOf } from "./jobs.ts";
import { throughputReport } from "./report.ts";
import { type Run, throughput } from "./throughput.ts";

const HOUR_MS = 3_600_000;
/** How far frauds may differ where it depends on how partitions interleave, as a share of the messages. */
const INTERLEAVING = 0.01;

const values = optionsOf({
  name: "npm run bench",
  about: [
    "Weir beside its peers at the same jobs. Needs Linux, Java 17 and Maven; Python 3 for one of them. Each round has a",
    "fresh broker with the same preloaded messages, and goes through all contenders, another first each time. Each",
    "contender's output is read and counted: all of a round have to split alike.",
  ],
  options: {
    jobs: choices({ about: "which", words: JOB_NAMES, fallback: JOB_NAMES }),
    only: choices({
      about: "the contenders",
      words: CONTENDER_NAMES,
      fallback: ["weir", "streams", "streams-rocksdb", "python", "kafkajs", "kafkajs-batch"],
    }),
    rounds: integer({ about: "of all of them", min: 1, max: 1_000, fallback: 3 }),
    messages: integer({
      about: "that are preloaded; the slow get a share",
      min: 1_000,
      max: 100_000_000,
      fallback: 1_000_000,
    }),
    keys: integer({ about: "sources", min: 1, max: 10_000_000, fallback: 50_000 }),
    partitions: integer({ about: "of the input", min: 1, max: 1_000, fallback: 4 }),
    "span-hours": integer({ about: "of event time", min: 1, max: 10_000, fallback: 24 }),
    "traced-per-mille": integer({ about: "messages that ask for spans, of 1000", min: 0, max: 1_000, fallback: 0 }),
    processes: integer({ about: "of each contender", min: 1, max: 16, fallback: 1 }),
    json: flag("a line of JSON for each run instead of tables"),
    from: text({
      about: "measure nothing: tables of such lines, of several sessions too",
      placeholder: "FILE",
      fallback: null,
    }),
  },
});
const runs = values.from === null ? await measure() : readRuns(values.from);
if (!values.json) console.log(throughputReport(runs, (job) => jobOf(job).what));

async function measure(): Promise<Run[]> {
  const contenders = values.only.map((name) => named(CONTENDERS, name));
  const jobs = values.jobs.map(jobOf);
  const { messages: most, keys, partitions, processes } = values;
  const spanMs = values["span-hours"] * HOUR_MS;
  const workload = { messages: most, keys, partitions, spanMs, tracedPerMille: values["traced-per-mille"] };
  for (const contender of contenders) await contender.prepare();
  const all: Run[] = [];
  const session = new Date().toISOString();
  for (let number = 1; number <= values.rounds; number++) {
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
