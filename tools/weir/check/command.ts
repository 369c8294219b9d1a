/** npm run weir -- check FILE: every fault of a ruleset at once, or what it compiles to. */
import { readFile } from "node:fs/promises";
import { compileRuleset, formatFaults } from "@weir/engine";
import { EXIT_CONFIGURATION, flag, optionLines, parseArguments, refuse } from "../../cli/arguments.ts";
import { besideOf } from "../beside.ts";
import { tokensHere } from "../inputs.ts";
import { measureCost } from "./cost.ts";
import { reportLines, reportOf } from "./report.ts";

const COMMAND = "npm run weir -- check";
const MEASURING_MS = 2_000;

const options = { json: flag("faults or plan as one JSON object, for programs") };

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const [file] = words;
  if (faults.length > 0 || file === undefined || words.length > 1)
    return refuse(COMMAND, [...faults, ...(words.length === 1 ? [] : [`one ruleset is needed, got ${words.length}`])]);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return refuse(COMMAND, [`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const wrong: string[] = [];
  const tokens = tokensHere(wrong);
  if (wrong.length > 0) return refuse(COMMAND, wrong);
  const compiled = compileRuleset(text, { file, readBeside: besideOf(file), tokens });
  if (!compiled.ok) {
    if (values.json) console.log(JSON.stringify({ ok: false, faults: compiled.faults }, null, 2));
    else console.error(formatFaults(compiled.faults));
    return EXIT_CONFIGURATION;
  }
  const report = reportOf(compiled.plan, measureCost(compiled.plan, MEASURING_MS));
  console.log(values.json ? JSON.stringify({ ok: true, ...report }, null, 2) : reportLines(report).join("\n"));
  return 0;
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} FILE [options]   compiles a ruleset and runs its examples`,
    "",
    ...optionLines(options),
    "",
    "Where TOKENISE_KEY_FILE names a key, ids are tokens, as in a detector.",
    "",
    "Exit codes: 0 no fault; 78 faults, each with file, line, column and what would be right.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
