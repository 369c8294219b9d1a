/** npm run weir -- evaluate: how well a ruleset finds fraud, with labels as late as in life. */
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ColumnMap } from "@weir/dataset";
import type { Plan } from "@weir/engine";
import { choice, durationMs, flag, integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { instant } from "../../cli/instant.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";
import { Progress } from "../decide/progress.ts";
import { Replay } from "../decide/replay.ts";
import { openData, readColumns, readRuleset, wordsOf } from "../inputs.ts";
import { PythonMissing } from "../training/python.ts";
import { spreadOfDifference } from "./bootstrap.ts";
import { htmlOf } from "./html.ts";
import type { Protocol } from "./protocol.ts";
import { type Report, reportOf } from "./report.ts";
import { evaluate, type Run } from "./run.ts";
import { comparison, lines, trainingLine } from "./text.ts";

const COMMAND = "npm run weir -- evaluate";
const INTERRUPTED = 130;

const file = (about: string) => text({ about, placeholder: "FILE", fallback: null });

const options = {
  data: file("the transactions with their truth: .csv or .jsonl, or either with .gz"),
  columns: file("what the columns are, a YAML document such as datasets/handbook.yaml"),
  ruleset: file("what decides; a model that it names is trained as the options say, else read from its file"),
  compare: flag("two rulesets side by side: --compare A B, in place of --ruleset"),
  "label-delay": durationMs({
    about: "how long after its transaction a label is known; without it what the columns say",
    minMs: 0,
  }),
  "train-window": durationMs({ about: "train the model on so much of what is labelled", minMs: 1 }),
  retrain: durationMs({ about: "train it anew so often; without it once, at --from", minMs: 1 }),
  from: instant("the first event time that is scored"),
  to: instant("the first one that is not any more"),
  scores: file("where the scores go, FILE.csv with tx_id,score"),
  report: text({ about: "where report.json and report.html go", placeholder: "FOLDER", fallback: ".weir/evaluate" }),
  alerts: integer({ about: "transactions a day that people can look at", min: 1, max: 1_000_000, fallback: 100 }),
  "leave-out-known": flag("cards with a fraud that is known when a day begins are not in its figures"),
  zero: choice({
    about: "payments of 0.00: counted and scored, or rejected as the input topic does",
    words: ["count", "reject"],
    fallback: "count",
  }),
};

type Values = ReturnType<typeof parseArguments<typeof options>>["values"];

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults];
  const rulesets = rulesetsOf(values, words, wrong);
  for (const name of ["data", "columns"] as const) if (values[name] === null) wrong.push(`--${name} is missing`);
  const protocol = protocolOf(values, wrong);
  const columns = await readColumns(values.columns, wrong);
  if (columns !== null && columns.label === null) wrong.push(`${values.columns} names no label, so there is no truth`);
  const plans: Plan[] = [];
  for (const path of rulesets) {
    const plan = await readRuleset(path, wrong, values["train-window"] === null ? "there" : "untrained");
    if (plan !== null) plans.push(plan);
  }
  if (values["train-window"] !== null && plans.length > 0 && plans.every(({ model }) => model === null))
    wrong.push("--train-window trains a model, and no ruleset names one");
  if (wrong.length > 0 || columns === null || values.data === null) return refuse(COMMAND, wrong);
  using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
  const job = {
    values,
    data: values.data,
    columns,
    protocol: { ...protocol, labelDelayMs: delayOf(values, columns) },
    interrupt,
  };
  try {
    const done: { run: Run; report: Report }[] = [];
    for (const [index, plan] of plans.entries()) {
      const side = values.compare ? `${"ab"[index]}-` : "";
      const one = await evaluateOne(plan, {
        ...job,
        folder: join(values.report, `${side}${plan.name}@${plan.version}`),
      });
      if (typeof one === "number") return one;
      done.push(one);
    }
    const [a, b] = done;
    if (a === undefined) return 0;
    console.log(
      (b === undefined
        ? lines(a.report)
        : comparison(a.report, b.report, spreadOfDifference(a.run.scored, b.run.scored))
      ).join("\n"),
    );
    return 0;
  } catch (error) {
    if (error instanceof PythonMissing) return refuse(COMMAND, [error.message]);
    console.error(`${COMMAND}: ${wordsOf(error)}`);
    return 1;
  }
}

function rulesetsOf(
  { ruleset, compare, scores }: Values,
  words: readonly string[],
  wrong: string[],
): readonly string[] {
  if (!compare) {
    wrong.push(...words.map((word) => `${JSON.stringify(word)} means nothing here`));
    if (ruleset === null) wrong.push("--ruleset is missing");
    return ruleset === null ? [] : [ruleset];
  }
  if (words.length !== 2) wrong.push(`--compare takes two rulesets, got ${words.length}`);
  if (ruleset !== null) wrong.push("--compare A B stands in place of --ruleset");
  if (scores !== null) wrong.push("--scores is of one ruleset; leave --compare out");
  return words;
}

function protocolOf(values: Values, wrong: string[]): Omit<Protocol, "labelDelayMs"> {
  const { from, to, retrain } = values;
  const window = values["train-window"];
  if (window !== null && from === null) wrong.push("--train-window needs --from: the first model serves from there on");
  if (retrain !== null && window === null) wrong.push("--retrain needs --train-window: what a model is trained on");
  if (from !== null && to !== null && to <= from) wrong.push("--to must be after --from");
  return {
    trainWindowMs: window,
    retrainMs: retrain,
    fromMs: from,
    toMs: to,
    leaveOutKnown: values["leave-out-known"],
    alertsPerDay: values.alerts,
  };
}

function delayOf(values: Values, columns: ColumnMap): number {
  return values["label-delay"] ?? columns.label?.delayMs ?? 0;
}

type Job = {
  readonly values: Values;
  readonly data: string;
  readonly columns: ColumnMap;
  readonly protocol: Protocol;
  readonly interrupt: Interrupt;
  /** Of the report. */
  readonly folder: string;
};

/** An exit code if it came to nothing. A ruleset without a model is scored by its rules. */
async function evaluateOne(plan: Plan, job: Job): Promise<{ run: Run; report: Report } | number> {
  const { values, columns, data, interrupt, folder } = job;
  const protocol = plan.model === null ? { ...job.protocol, trainWindowMs: null, retrainMs: null } : job.protocol;
  const faults: string[] = [];
  const dataset = await openData(data, columns, faults);
  if (dataset === null) return refuse(COMMAND, faults);
  const screen = new Screen(process.stderr, process.env);
  const startedMs = performance.now();
  const progress = new Progress(screen, startedMs);
  const scores = values.scores === null ? null : await open(values.scores, "w");
  let waiting = "tx_id,score\n";
  const replay = new Replay({
    plan,
    explain: "none",
    labelDelayMs: protocol.labelDelayMs,
    leastAmountMinor: values.zero === "count" ? 0 : 1,
  });
  try {
    const run = await evaluate(plan, columns, dataset, replay, protocol, {
      signal: interrupt.signal,
      progress: (rows) =>
        progress.tell({ rows, bytesRead: dataset.bytesRead(), sizeBytes: dataset.sizeBytes }, performance.now()),
      say: (line) => screen.say(line),
      trained: (training) => screen.say(trainingLine(training)),
      score: (id, score) => {
        if (scores !== null) waiting += `${csvField(id)},${score}\n`;
      },
      async flush() {
        await scores?.appendFile(waiting);
        waiting = "";
      },
    });
    progress.end();
    if (interrupt.signal.aborted) {
      screen.say(`stopped after ${run.rows} rows; nothing is reported`);
      return INTERRUPTED;
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const counted = run.scored.frauds.reduce((sum, fraud) => sum + fraud, 0);
    if (counted === 0 || counted === run.scored.length)
      return refuse(COMMAND, [
        `${run.scored.length} payments were scored, ${counted} of them fraud: figures need both kinds`,
      ]);
    const report = reportOf(run, { data, protocol, seconds });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
    await writeFile(join(folder, "report.html"), htmlOf(report));
    screen.say(`${join(folder, "report.html")} has the curves, report.json beside it all figures`);
    return { run, report };
  } finally {
    progress.end();
    dataset.close();
    await scores?.close();
  }
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} --ruleset FILE --data FILE --columns FILE [options]`,
    `${COMMAND} --compare A B --data FILE --columns FILE [options]`,
    "",
    "Replays a data set in its order through the engine: each transaction is scored once, before its label is known. With",
    "--train-window the ruleset's model is trained on what was labelled by then, and on nothing later; without it the",
    "ruleset's own model file scores, and rules alone where it names none.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 done; 1 the data broke off or training failed; 78 something must be changed; 130 stopped by Ctrl-C.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
