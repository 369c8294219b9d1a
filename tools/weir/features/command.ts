/** npm run weir -- features: what a model is trained on, as the engine saw it then. */
import type { ColumnMap, Dataset } from "@weir/dataset";
import type { Plan } from "@weir/engine";
import { choice, durationMs, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { instant } from "../../cli/instant.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";
import { Progress } from "../decide/progress.ts";
import { Replay } from "../decide/replay.ts";
import { openData, readColumns, readRuleset, wordsOf } from "../inputs.ts";
import { headerOf, lineOf, writeTable } from "../training/table-file.ts";

const COMMAND = "npm run weir -- features";
const INTERRUPTED = 130;

const file = (about: string) => text({ about, placeholder: "FILE", fallback: null });

const options = {
  ruleset: file("whose model is to be trained"),
  data: file("the transactions with their truth: .csv or .jsonl, or either with .gz"),
  columns: file("what the columns are, a YAML document such as datasets/handbook.yaml"),
  out: file("where the table goes, FILE.csv or FILE.csv.gz"),
  "label-delay": durationMs({
    about: "how long after its transaction a label is known; without it what the columns say",
    minMs: 0,
  }),
  from: instant("the first event time of the table; what comes before is the past of what comes after"),
  "as-of": instant("only what is labelled by then is in the table; without it by the end of the data"),
  zero: choice({
    about: "payments of 0.00: counted, or rejected as the input topic does",
    words: ["count", "reject"],
    fallback: "count",
  }),
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults, ...words.map((word) => `${JSON.stringify(word)} means nothing here`)];
  for (const name of ["ruleset", "data", "columns", "out"] as const)
    if (values[name] === null) wrong.push(`--${name} is missing`);
  const plan = await readRuleset(values.ruleset, wrong, "untrained");
  if (plan !== null && plan.model === null) wrong.push(`${values.ruleset} names no model`);
  const columns = await readColumns(values.columns, wrong);
  if (columns !== null && columns.label === null) wrong.push(`${values.columns} names no label, so there is no truth`);
  const dataset = columns === null ? null : await openData(values.data, columns, wrong);
  const { out } = values;
  if (wrong.length > 0 || plan === null || columns === null || dataset === null || out === null) {
    dataset?.close();
    return refuse(COMMAND, wrong);
  }
  const labelDelayMs = values["label-delay"] ?? columns.label?.delayMs ?? 0;
  const leastAmountMinor = values.zero === "count" ? 0 : 1;
  const replay = new Replay({ plan, explain: "none", labelDelayMs, leastAmountMinor });
  const span = { fromMs: values.from ?? Number.NEGATIVE_INFINITY, asOfMs: values["as-of"] ?? Number.POSITIVE_INFINITY };
  using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
  const job = { plan, columns, dataset, replay, labelDelayMs, ...span };
  const screen = new Screen(process.stderr, process.env);
  try {
    const told = { rows: 0, frauds: 0 };
    await writeTable(out, table(job, interrupt.signal, screen, told));
    if (interrupt.signal.aborted) return INTERRUPTED;
    console.log(`${out}: ${count(told.rows)} payments, ${count(told.frauds)} of them fraud`);
    return 0;
  } catch (error) {
    console.error(`${COMMAND}: ${wordsOf(error)}`);
    return 1;
  } finally {
    screen.clear();
    dataset.close();
  }
}

type Job = {
  readonly plan: Plan;
  readonly columns: ColumnMap;
  readonly dataset: Dataset;
  readonly replay: Replay;
  readonly labelDelayMs: number;
  readonly fromMs: number;
  readonly asOfMs: number;
};

/** A row is written once its label is known: when the stream has come so far, or at --as-of. */
async function* table(job: Job, signal: AbortSignal, screen: Screen, told: { rows: number; frauds: number }) {
  const { plan, dataset, replay, labelDelayMs, fromMs, asOfMs } = job;
  const inputs = plan.model?.inputs ?? [];
  const vector = new Float32Array(inputs.length);
  const progress = new Progress(screen, performance.now());
  /** In the order of the stream, which is near enough that of the labels. */
  const waiting: { readonly knownMs: number; readonly fraud: boolean; readonly line: string }[] = [];
  let [read, streamMs] = [0, Number.NEGATIVE_INFINITY];
  const known = (): string => {
    let text = "";
    const enough = waiting.findIndex(({ knownMs }) => knownMs > streamMs);
    for (const { fraud, line } of waiting.splice(0, enough === -1 ? waiting.length : enough)) {
      text += line;
      told.rows += 1;
      told.frauds += fraud ? 1 : 0;
    }
    return text;
  };
  yield headerOf(inputs.map(({ name }) => name));
  for await (const batch of dataset.batches()) {
    for (const row of batch) {
      read += 1;
      const replayed = replay.step(row);
      if (replayed.kind === "rejected" || !row.ok || row.fraud === null) continue;
      const { facts, timeMs } = replayed.decided;
      streamMs = Math.max(streamMs, Math.min(timeMs, asOfMs));
      if (timeMs < fromMs || timeMs + labelDelayMs > asOfMs) continue;
      for (const [index, { read: of }] of inputs.entries()) vector[index] = of(facts);
      const line = lineOf(facts.id ?? replayed.id, timeMs, row.fraud, vector);
      waiting.push({ knownMs: timeMs + labelDelayMs, fraud: row.fraud, line });
    }
    yield known();
    progress.tell({ rows: read, bytesRead: dataset.bytesRead(), sizeBytes: dataset.sizeBytes }, performance.now());
    if (streamMs >= asOfMs || signal.aborted) break;
  }
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} --ruleset FILE --data FILE --columns FILE --out FILE.csv.gz [options]`,
    "",
    "Runs history through the engine that decides, and writes for each transaction what the ruleset's model would have been",
    "asked with at that moment, with labels as they were known then, and what it turned out to be. So training and deciding",
    "cannot differ. npm run weir -- train takes the table.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 done; 1 the data broke off; 78 something must be changed; 130 stopped by Ctrl-C.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
