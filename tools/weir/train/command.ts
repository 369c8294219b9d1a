/** npm run weir -- train: a model from a table, tried on its later days, and put where the ruleset looks for it. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ModelInput, type TrainedModel, trainedModel } from "@weir/engine";
import { durationMs, flag, integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { count } from "../../cli/format.ts";
import { orderOf, rankingOf } from "../evaluate/ranking.ts";
import { fixed } from "../evaluate/text.ts";
import { readRuleset, wordsOf } from "../inputs.ts";
import { fitModel, LEAST_FRAUDS, povertyOf, splitAt } from "../training/fit.ts";
import { PythonMissing } from "../training/python.ts";
import { TREE_SETTINGS } from "../training/settings.ts";
import { fraudsIn, type Table, tail } from "../training/table.ts";
import { readTable } from "../training/table-file.ts";
import { type Card, partOf, scoresOf, thresholdsOf, triedOn } from "./card.ts";

const COMMAND = "npm run weir -- train";
/** The last share of the table's time, unless --later says how much. */
const LATER_SHARE = 0.25;

const file = (about: string, fallback: string | null = null) => text({ about, placeholder: "FILE", fallback });

const options = {
  ruleset: file("whose model is trained; its model.file, beside it, is where the model goes"),
  table: file("what npm run weir -- features wrote"),
  window: durationMs({ about: "train on so much of the table's end; without it on all", minMs: 1 }),
  later: durationMs({ about: "try it on so much of its end; without it on the last quarter", minMs: 1 }),
  alerts: integer({ about: "the alert budget that a threshold is told for", min: 1, max: 1_000_000, fallback: 100 }),
  force: flag("replaces a better model too"),
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults, ...words.map((word) => `${JSON.stringify(word)} means nothing here`)];
  for (const name of ["ruleset", "table"] as const) if (values[name] === null) wrong.push(`--${name} is missing`);
  const plan = await readRuleset(values.ruleset, wrong, "untrained");
  if (plan !== null && plan.model === null) wrong.push(`${values.ruleset} names no model`);
  if (wrong.length > 0 || plan === null || plan.model === null || values.ruleset === null || values.table === null)
    return refuse(COMMAND, wrong);
  const { inputs } = plan.model;
  const path = join(dirname(values.ruleset), plan.model.file);
  let table: Table;
  try {
    const all = await readTable(
      values.table,
      inputs.map(({ name }) => name),
    );
    table = values.window === null ? all : tail(all, values.window);
  } catch (error) {
    return refuse(COMMAND, [wordsOf(error)]);
  }
  const spanMs = (table.timesMs.at(-1) ?? 0) - (table.timesMs[0] ?? 0);
  const split = splitAt(table, values.later === null ? LATER_SHARE : values.later / spanMs);
  const poverty = povertyOf(table, split);
  if (poverty !== null) return refuse(COMMAND, [`${values.table}: ${poverty}`]);
  try {
    const fitted = await fitModel(table, split, (line) => console.error(line));
    const trained = trainedModel(fitted.text, inputs);
    if (!trained.ok) throw new Error(trained.faults.join("; "));
    const card: Card = {
      model: plan.model.file,
      sha256: trained.trained.sha256,
      ruleset: `${plan.name}@${plan.version}`,
      documentHash: plan.documentHash,
      library: fitted.library,
      settings: TREE_SETTINGS,
      features: table.names,
      trainedOn: partOf(table, 0, table.frauds.length),
      triedOn: triedOn(table, split, fitted.later),
      thresholds: thresholdsOf(table, split, fitted.later, values.alerts),
    };
    console.log(cardLines(card, values.alerts).join("\n"));
    const better = await betterThan(path, inputs, table, split, fitted.later);
    if (better !== null && !values.force) {
      console.log(`kept what is there: ${better}; --force replaces it all the same`);
      return 1;
    }
    await replace(path, fitted.text);
    await replace(cardPath(path), `${JSON.stringify(card, null, 2)}\n`);
    console.log(`${path} and its card are written`);
    return 0;
  } catch (error) {
    if (error instanceof PythonMissing) return refuse(COMMAND, [error.message]);
    console.error(`${COMMAND}: ${wordsOf(error)}`);
    return 1;
  }
}

function cardPath(path: string): string {
  return path.replace(/\.json$/, ".card.json");
}

/** Whoever reads it meanwhile has the old one or the new one whole. */
async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/**
 * Why the model at `path` is to be kept; null: there is none, it is of other inputs, or it is no better. Both are compared
 * on the later rows that neither has seen; where there are too few of those, on all, where the old one is at an advantage.
 */
async function betterThan(
  path: string,
  inputs: readonly ModelInput[],
  table: Table,
  split: number,
  later: Float64Array,
): Promise<string | null> {
  const old = await oldModel(path, inputs);
  if (old === null) return null;
  const unseen = table.timesMs.findIndex((timeMs, row) => row >= split && timeMs > old.seenUntilMs);
  const fair = unseen !== -1 && fraudsIn(table, unseen, table.frauds.length) >= LEAST_FRAUDS;
  const from = fair ? unseen : split;
  const ap = (scores: Float64Array): number => rankingOf(scores, table.frauds.subarray(from), orderOf(scores)).ap;
  const [was, is] = [ap(scoresOf(old.model, table, from)), ap(later.subarray(from - split))];
  console.log(
    `on ${count(table.frauds.length - from)} later payments AP ${fixed(is)}; the model that is there ${fixed(was)}`,
  );
  if (is >= was) return null;
  return fair ? "it ranks them better" : "it ranks them better, and may have been trained on some of them";
}

async function oldModel(
  path: string,
  inputs: readonly ModelInput[],
): Promise<{ readonly model: TrainedModel; readonly seenUntilMs: number } | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  const read = trainedModel(text, inputs);
  if (!read.ok) {
    console.log(`${path} is of no use to this ruleset: ${read.faults.join("; ")}`);
    return null;
  }
  const card = await readFile(cardPath(path), "utf8").catch(() => "{}");
  const { trainedOn } = JSON.parse(card) as Partial<Card>;
  // Without a card nobody knows what it has seen.
  return {
    model: read.trained,
    seenUntilMs: trainedOn === undefined ? Number.POSITIVE_INFINITY : Date.parse(trainedOn.to),
  };
}

function cardLines({ trainedOn, triedOn: tried, thresholds, library }: Card, alertsPerDay: number): string[] {
  const part = ({ from, to, rows, frauds }: Card["trainedOn"]): string =>
    `${count(rows)} payments of ${from.slice(0, 10)} to ${to.slice(0, 10)}, ${count(frauds)} of them fraud`;
  const budget = thresholds.find((one) => one.alertsPerDay === alertsPerDay);
  return [
    `trained by ${library} on ${part(trainedOn)}`,
    `tried on ${part(tried)}, by a model of what came before:`,
    `  AP ${fixed(tried.ap)}   AUC ${fixed(tried.auc)}   recall at FPR 0.1 % ${fixed(tried.recallAt[0] as number)}   calibration error ${fixed(tried.calibrationError, 4)}`,
    `  ${alertsPerDay} alerts a day: review from ${fixed(budget?.score ?? Number.NaN, 4)} on`,
  ];
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} --ruleset FILE --table FILE.csv.gz [options]`,
    "",
    "Trains the ruleset's model with XGBoost, which it installs into .weir/python when it is first needed. The model is tried",
    "on days that are later than those it was trained on, and calibrated there; then it is trained on all of them and",
    "written where the ruleset looks for it, with a card beside it. A model that is there and better is kept.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 written; 1 a better one was kept, or training failed; 78 something must be changed.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
