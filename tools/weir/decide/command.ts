/** npm run weir -- decide: a file through the engine, without Kafka. */
import type { ColumnMap, Dataset } from "@weir/dataset";
import type { Plan } from "@weir/engine";
import { choice, durationMs, integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";
import { openData, readColumns, readRuleset, tokensHere, wordsOf } from "../inputs.ts";
import { Outputs } from "./outputs.ts";
import { Progress } from "./progress.ts";
import { Replay } from "./replay.ts";
import { Tally } from "./tally.ts";

const COMMAND = "npm run weir -- decide";
const INTERRUPTED = 130;

const file = (about: string) => text({ about, placeholder: "FILE", fallback: null });

const options = {
  ruleset: file("the rules, a YAML document"),
  data: file("the transactions: .csv or .jsonl, or either with .gz"),
  columns: file("what the columns are, a YAML document such as datasets/handbook.yaml"),
  out: file("where the decisions go, FILE.jsonl; what cannot be decided goes to FILE.rejected.jsonl"),
  explain: choice({
    about: "full: each decision also carries every feature's value",
    words: ["none", "full"],
    fallback: "none",
  }),
  "label-delay": durationMs({
    about: "how long after its transaction a label is known; without it what the columns say",
    minMs: 0,
  }),
  limit: integer({ about: "rows to read at most", min: 1, max: Number.MAX_SAFE_INTEGER, fallback: null }),
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults, ...words.map((word) => `${JSON.stringify(word)} means nothing here`)];
  for (const name of ["ruleset", "data", "out"] as const) if (values[name] === null) wrong.push(`--${name} is missing`);
  const tokens = tokensHere(wrong);
  const plan = await readRuleset(values.ruleset, wrong, "there", tokens);
  const columns = await readColumns(values.columns, wrong);
  // What the columns of the data should be is not known when their document has faults.
  const readable = columns !== null || values.columns === null;
  const dataset = readable ? await openData(values.data, columns, wrong) : null;
  const { out, data, explain, limit } = values;
  const outputs = wrong.length === 0 && out !== null && data !== null ? await Outputs.create(out, data, wrong) : null;
  if (plan === null || dataset === null || outputs === null) {
    dataset?.close();
    return refuse(COMMAND, wrong);
  }
  const labelDelayMs = values["label-delay"] ?? columns?.label?.delayMs ?? 0;
  const replay = new Replay({ plan, explain, labelDelayMs, leastAmountMinor: 1, tokens });
  return await decide({ plan, columns, dataset, outputs, replay, limit: limit ?? Number.POSITIVE_INFINITY });
}

type Job = {
  readonly plan: Plan;
  readonly columns: ColumnMap | null;
  readonly dataset: Dataset;
  readonly outputs: Outputs;
  readonly replay: Replay;
  /** Rows to read at most. */
  readonly limit: number;
};

async function decide({ plan, columns, dataset, outputs, replay, limit }: Job): Promise<number> {
  using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
  await using files = outputs;
  const screen = new Screen(process.stderr, process.env);
  const tally = new Tally(plan);
  const startedMs = performance.now();
  const progress = new Progress(screen, startedMs);
  for (const note of notes(plan, columns)) screen.say(note);
  let broken: unknown = null;
  try {
    for await (const batch of dataset.batches()) {
      for (const row of batch.slice(0, limit - tally.rows)) {
        const replayed = replay.step(row);
        tally.add(replayed);
        files.add(replayed);
      }
      await files.flush();
      const { sizeBytes } = dataset;
      progress.tell({ rows: tally.rows, bytesRead: dataset.bytesRead(), sizeBytes }, performance.now());
      if (interrupt.signal.aborted || tally.rows === limit) break;
    }
  } catch (error) {
    broken = error;
    await files.flush();
  } finally {
    dataset.close();
    progress.end();
  }
  const stopped = interrupt.signal.aborted;
  if (stopped) screen.say(`stopped after ${tally.rows} rows; all of them are written`);
  console.log([...tally.lines(performance.now() - startedMs, replay.labels), "", ...files.paths].join("\n"));
  if (broken !== null) console.error(`${COMMAND}: stopped after ${tally.rows} rows: ${wordsOf(broken)}`);
  return broken !== null ? 1 : stopped ? INTERRUPTED : 0;
}

function notes({ features }: Plan, columns: ColumnMap | null): string[] {
  const asking = features.find(({ aggregate }) => aggregate === "fraudCount" || aggregate === "fraudRatio");
  if (asking === undefined || (columns !== null && columns.label !== null)) return [];
  return [`note: ${asking.name} is about labels, and the data have none`];
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} --ruleset FILE --data FILE [--columns FILE] --out FILE.jsonl [options]`,
    "",
    "Decides on the transactions of a file as a detector would, without Kafka and in the order of the file, all rows as one",
    "partition. Labels, if the columns have any, become known after their delay and not before.",
    "",
    ...optionLines(options),
    "",
    "Each line of --out is what a detector writes to its output topics: the message with its decision. A row of CSV is made",
    "a message first, as --columns says; JSON lines without --columns are messages, or outputs of Weir, which are decided",
    "anew. One without any time comes at the time of the one before it, the first in 1970. Ids become tokens where",
    "TOKENISE_KEY_FILE names a key, as in a detector.",
    "",
    "Exit codes: 0 all rows are read; 1 the data broke off; 78 something must be changed; 130 stopped by Ctrl-C.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
