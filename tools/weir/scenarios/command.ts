/** npm run weir -- scenarios: made-up streams against a ruleset, without Kafka. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { formatFaults } from "@weir/engine";
import { compileScenario, type Scenario } from "@weir/scenario";
import { integer, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { share } from "../../cli/format.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { Screen } from "../../cli/screen.ts";
import { readRuleset, wordsOf } from "../inputs.ts";
import { HEAD, resultOf, rowsOf, type TrialResult, tableOf } from "./table.ts";
import { Trial } from "./trial.ts";

const COMMAND = "npm run weir -- scenarios";
const INTERRUPTED = 130;
const FOLDER = "scenarios";
/** The generator's own is about how a run looks, not about how well fraud is found: its customers have no past. */
const LEFT_OUT = "demo.yaml";
const PORTION = 2_000;

const options = {
  ruleset: text({ about: "the rules", placeholder: "FILE", fallback: "rulesets/card-payments.yaml" }),
  days: integer({ about: "of event time, for each scenario", min: 1, max: 1_000, fallback: 60 }),
  "warm-up": integer({ about: "days at the beginning that do not count", min: 0, max: 1_000, fallback: 15 }),
  customers: integer({ about: "who pay", min: 2, max: 1_000_000, fallback: 1_000 }),
  seed: integer({ about: "the same seed gives the same figures", min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  out: text({ about: "where the figures go as JSON", placeholder: "FILE", fallback: null }),
};

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const wrong = [...faults];
  const { days, "warm-up": warmUpDays, seed, customers, out } = values;
  if (warmUpDays >= days) wrong.push(`--warm-up must be less than --days (${days}), got ${warmUpDays}`);
  const plan = await readRuleset(values.ruleset, wrong);
  const scenarios = await readScenarios(words.length > 0 ? words : await allScenarios(wrong), wrong);
  if (plan === null || wrong.length > 0) return refuse(COMMAND, wrong);
  using interrupt = new Interrupt(() => process.exit(INTERRUPTED));
  const screen = new Screen(process.stderr, process.env);
  const results: TrialResult[] = [];
  console.log(HEAD);
  for (const scenario of scenarios) {
    const trial = new Trial({ plan, scenario, seed, customers, days, warmUpDays });
    while (trial.advance(PORTION) && !interrupt.signal.aborted) {
      if (screen.live) screen.draw([`${scenario.name}  ${share(trial.done, 1)}`]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    screen.clear();
    if (interrupt.signal.aborted) return INTERRUPTED;
    const result = resultOf(scenario.name, trial.score);
    results.push(result);
    console.log(rowsOf(result).join("\n"));
  }
  console.log(`\n${tableOf(results).join("\n")}`);
  if (out !== null) {
    const figures = { ruleset: plan.label, seed, customers, days, warmUpDays, results };
    await writeFile(out, `${JSON.stringify(figures, null, 2)}\n`);
  }
  return 0;
}

async function allScenarios(faults: string[]): Promise<string[]> {
  try {
    const files = await readdir(FOLDER);
    return files
      .filter((file) => file.endsWith(".yaml") && file !== LEFT_OUT)
      .sort()
      .map((file) => join(FOLDER, file));
  } catch (error) {
    faults.push(`${FOLDER}/ cannot be read: ${wordsOf(error)}`);
    return [];
  }
}

async function readScenarios(paths: readonly string[], faults: string[]): Promise<Scenario[]> {
  const scenarios: Scenario[] = [];
  for (const path of paths) {
    const source = await readFile(path, "utf8").catch((error: unknown) => {
      faults.push(`${basename(path)} cannot be read: ${wordsOf(error)}`);
      return null;
    });
    if (source === null) continue;
    const result = compileScenario(source, { file: path });
    if (result.ok) scenarios.push(result.scenario);
    else faults.push(...formatFaults(result.faults).split("\n"));
  }
  return scenarios;
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} [FILE ...] [options]`,
    "",
    `Plays scenarios, those of ${FOLDER}/ if none is named, against a ruleset, without Kafka and as fast as it goes. Each is`,
    "decided by the engine as a detector would, with labels published ahead and hidden until their time; then the decisions",
    "are compared with the truth.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 done; 78 something must be changed; 130 stopped by Ctrl-C.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
