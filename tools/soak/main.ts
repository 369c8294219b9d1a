/** npm run soak: what a detector holds on to, over time. Exit 1 when something grows. */
import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { durationMs, integer, type OptionValues, refuse, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { readRuleset } from "../weir/inputs.ts";
import { chartOf } from "./chart.ts";
import { type SoakReport, soak } from "./run.ts";
import { MEASURES, type Point, type Row, rowOf } from "./series.ts";

const options = {
  minutes: integer({ about: "how long (default 30)", min: 1, max: 100_000, fallback: null }),
  for: durationMs({ about: "the same in other units, such as 90s", minMs: 10_000 }),
  rate: integer({ about: "transactions a second", min: 1, max: 20_000, fallback: 1_000 }),
  customers: integer({
    about: "customers: the fewer, the sooner the state is as large as it gets",
    min: 2,
    max: 1_000_000_000,
    fallback: 5_000,
  }),
  backlog: integer({
    about: "transactions that are drained at the end",
    min: 0,
    max: 100_000_000,
    fallback: 1_000_000,
  }),
  partitions: integer({ about: "of every topic", min: 1, max: 64, fallback: 4 }),
  ruleset: text({ about: "document of rules", placeholder: "FILE", fallback: "tools/soak/soak.yaml" }),
};

process.exitCode = await runCommand(
  {
    name: "npm run soak",
    about: [
      "One detector with a full chain on a real Kafka of its own: its memory, connections, handles and the delay of its event",
      "loop, as a table and as charts; then a backlog is drained. Needs Java 17 and Maven. With a ruleset that looks back for",
      "longer than the run, the state grows as it must; so it does for some ten minutes with customers that come but once.",
    ],
    options,
  },
  main,
);

async function main(values: OptionValues<typeof options>): Promise<number> {
  const faults: string[] = [];
  const { rate, customers, backlog, partitions, ruleset } = values;
  const plan = await readRuleset(ruleset, faults);
  if (plan === null) return refuse("npm run soak", faults);
  const report = await soak({
    durationMs: values.for ?? (values.minutes ?? 30) * 60_000,
    ...{ rate, customers, backlog, partitions, rulesetFile: ruleset, plan },
    log: (line) => console.log(line),
  });
  const isFine = [
    await tell("steady", `${rate} transactions a second`, report.steady, report),
    backlog === 0 || (await tell("draining", `draining ${backlog}`, report.draining, report)),
  ].every(Boolean);
  const { before, after } = report.producers;
  console.log(`transactional ids: ${before} when all ran, ${after} at the end`);
  if (report.drainedPerSecond !== null) console.log(`drained ${Math.round(report.drainedPerSecond)} a second`);
  console.log(isFine ? "NOTHING GROWS" : "SOMETHING GROWS");
  return isFine ? 0 : 1;
}

/** Whether nothing has grown. */
async function tell(name: string, title: string, points: readonly Point[], { folder }: SoakReport): Promise<boolean> {
  const rows = MEASURES.map((measure) => rowOf(measure, points));
  const file = join(folder, `${name}.svg`);
  await writeFile(file, chartOf(title, MEASURES, points));
  console.log(`\n${title}: ${points.length} points, the first third not judged; ${relative(process.cwd(), file)}`);
  const cells = ["least", "mean", "most", "grew by", "give or take", "may grow by"]
    .map((head) => head.padStart(13))
    .join("");
  console.log("".padEnd(28) + cells);
  for (const row of rows) console.log(lineOf(row));
  return rows.every(({ isFine }) => isFine);
}

function lineOf({ name, least, mean, most, grew, error, allowed, isFine }: Row): string {
  const cells = [least, mean, most, grew, error, allowed].map((value) =>
    (value === null ? "-" : value.toFixed(1)).padStart(13),
  );
  return `${name.padEnd(28)}${cells.join("")}${isFine ? "" : "  grows"}`;
}
