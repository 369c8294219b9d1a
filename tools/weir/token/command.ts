/** npm run weir -- token: the tokens of ids, for rules and for looking somebody up. */
import { createInterface } from "node:readline";
import { Tokens } from "@weir/engine";
import { ConfigurationError, readSettings, tokeniseKey } from "@weir/service";
import { optionLines, parseArguments, refuse } from "../../cli/arguments.ts";

const COMMAND = "npm run weir -- token";
const options = {};

export async function run(args: readonly string[]): Promise<number> {
  const { words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const strays =
    words.length > 0
      ? ["ids are read from standard input, one a line: an argument is in the history of the shell"]
      : [];
  if (faults.length + strays.length > 0) return refuse(COMMAND, [...faults, ...strays]);
  try {
    const { secret } = readSettings({ secret: tokeniseKey });
    if (secret === null) return refuse(COMMAND, ["TOKENISE_KEY_FILE is missing: set it to the detector's"]);
    const tokens = new Tokens(secret);
    for await (const id of createInterface({ input: process.stdin })) if (id !== "") console.log(tokens.of(id));
    return 0;
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    throw error;
  }
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} < IDS`,
    "",
    "Reads ids from standard input, one a line, and prints the token that stands for each in outputs, logs and states, by the",
    "key that TOKENISE_KEY_FILE names, as for a detector. A token is its own.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 all of them; 78 something must be changed.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
