/** npm run weir -- drain: a detector that decides what is under way between the stages of a ruleset, and ends. */
import { detector } from "@weir/detector";
import { runService } from "@weir/service";
import { optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";

const COMMAND = "npm run weir -- drain";

const options = {
  ruleset: text({
    about: "the rules by which it was taken in; without it RULESET",
    placeholder: "FILE",
    fallback: null,
  }),
};

/** Ends the process itself once the detector has started. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const strays = words.length > 0 ? [`${JSON.stringify(words.join(" "))} means nothing here`] : [];
  if (faults.length + strays.length > 0) return refuse(COMMAND, [...faults, ...strays]);
  process.env.DRAIN = "true";
  if (values.ruleset !== null) process.env.RULESET = values.ruleset;
  // Whatever else runs on this machine.
  process.env.PORT ??= "0";
  return runService(detector, []);
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} [options]`,
    "",
    "For a change to a ruleset that has fewer stages. A detector takes in nothing, decides what the stages of the ruleset",
    "before have under way, and ends once there is nothing left. Stop the other detectors first; all settings are those",
    "of the detector, from the environment.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 nothing is left; 1 failed; 78 something must be changed.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
