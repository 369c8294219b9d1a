/** npm run parity:stream: a data set through a real detector on Kafka, against the same rows without Kafka. Exit 1 on any difference. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { startKafka, weirFolder } from "@weir/testing";
import { durationMs, integer, type OptionValues, refuse, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { count } from "../cli/format.ts";
import { instant } from "../cli/instant.ts";
import { Screen } from "../cli/screen.ts";
import { openData, readColumns, readRuleset } from "../weir/inputs.ts";
import { compared, MAX_AP_DISTANCE } from "./compare.ts";
import { evaluated } from "./evaluated.ts";
import { cutOf, type Span } from "./span.ts";
import { throughKafka } from "./through-kafka.ts";

const COMMAND = "npm run parity:stream";
const MOST_TOLD = 10;

const options = {
  data: text({ about: "the transactions with their truth", placeholder: "FILE", fallback: null }),
  columns: text({ about: "what the columns are", placeholder: "FILE", fallback: "datasets/handbook.yaml" }),
  ruleset: text({ about: "what decides, its model trained", placeholder: "FILE", fallback: null }),
  since: instant(
    "the first event time that is sent: what is before --from is history; without it the first of the data",
  ),
  from: instant("the first event time that is compared"),
  to: instant("the first one that is not sent any more"),
  partitions: integer({ about: "of every topic", min: 1, max: 64, fallback: 1 }),
  "under-way": integer({
    about: "transactions that may be sent and not decided; without it as many as the detector lets wait",
    min: 1,
    max: 1_000_000,
    fallback: null,
  }),
  "label-delay": durationMs({ about: "from a fraud to when it is known; without it what the columns say", minMs: 0 }),
};

process.exitCode = await runCommand(
  {
    name: COMMAND,
    about: [
      "Plays a data set and its labels into a Kafka of its own (Docker, or Java 17 with Maven), decided by a detector process with",
      "the whole chain of the ruleset, and compares.",
      "One partition: each score is the one that `weir evaluate` gives, record by record.",
      "More: every stage steps anew through its log, and what it says is what lies in the topics, byte for byte;",
      `average precision is within ${MAX_AP_DISTANCE} of that of \`weir evaluate\`. For that no partition may be days of event time`,
      "ahead of another, which a stream that is played fast needs --under-way for.",
    ],
    options,
    faultsOf: ({ data, ruleset, since, from, to }) => [
      ...(data === null ? ["--data is missing"] : []),
      ...(ruleset === null ? ["--ruleset is missing"] : []),
      ...(from !== null && to !== null && to <= from ? ["--to must be after --from"] : []),
      ...(since !== null && from !== null && from < since ? ["--from must not be before --since"] : []),
    ],
  },
  main,
);

async function main(values: OptionValues<typeof options>): Promise<number> {
  const { data, ruleset, partitions, since, from, to } = values;
  const faults: string[] = [];
  const plan = await readRuleset(ruleset, faults);
  const columns = await readColumns(values.columns, faults);
  if (columns !== null && columns.label === null) faults.push(`${values.columns} names no label`);
  const open = async () => cutOf(await openData(data, columns, faults), span);
  const span: Span = {
    sinceMs: since ?? Number.NEGATIVE_INFINITY,
    fromMs: from ?? Number.NEGATIVE_INFINITY,
    toMs: to ?? Number.POSITIVE_INFINITY,
  };
  const first = await open();
  if (plan === null || columns === null || ruleset === null || first === null || faults.length > 0) {
    first?.close();
    return refuse(COMMAND, faults);
  }
  const screen = new Screen(process.stderr, process.env);
  const labelDelayMs = values["label-delay"] ?? columns.label?.delayMs ?? 0;
  const given = { plan, columns, span, labelDelayMs, screen };
  screen.say(`deciding without Kafka, as \`weir evaluate\` does, by ${plan.label}`);
  const wanted = await evaluated({ ...given, dataset: first });

  const folder = join(weirFolder, "parity-stream");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const kafka = await startKafka({ dataDir: join(folder, "kafka"), log: (line) => screen.say(line) });
  try {
    const dataset = await open();
    if (dataset === null) throw new Error(faults.join("; "));
    const { scores, sent, labels, seconds, differences } = await throughKafka({
      ...{ ...given, dataset, partitions, folder, ruleset, brokers: kafka.brokers, underWay: values["under-way"] },
    });
    const result = compared(wanted, scores, { equal: partitions === 1 });
    console.log(
      [
        `${count(sent)} transactions and ${count(labels)} labels through Kafka in ${seconds.toFixed(0)} s, ${partitions} partitions`,
        ...result.lines,
        `${differences.stages} stages stepped anew through their logs: ${count(differences.records)} records, ${count(differences.found.length)} differ`,
      ].join("\n"),
    );
    const found = [...result.found, ...differences.found];
    for (const difference of found.slice(0, MOST_TOLD)) console.log(`  ${difference}`);
    console.log(found.length === 0 ? "EQUAL" : "DIFFERENT");
    return found.length === 0 ? 0 : 1;
  } finally {
    await kafka.stop();
  }
}
