/** npm run weir -- schema: the JSON Schema of rulesets, for editors. */
import { RulesetDocument } from "@weir/engine";
import { optionLines, parseArguments, refuse } from "../../cli/arguments.ts";

const COMMAND = "npm run weir -- schema";

export function run(args: readonly string[]): number {
  const { words, help, faults } = parseArguments({}, args, process.env);
  if (help) {
    const about = `${COMMAND}   prints the JSON Schema of rulesets; rulesets/ruleset.schema.json is a copy`;
    console.log([about, "", ...optionLines({})].join("\n"));
    return 0;
  }
  const wrong = [...faults, ...words.map((word) => `${JSON.stringify(word)} means nothing here`)];
  if (wrong.length > 0) return refuse(COMMAND, wrong);
  console.log(rulesetSchemaText());
  return 0;
}

/** What rulesets/ruleset.schema.json holds, layout apart. */
export function rulesetSchemaText(): string {
  return JSON.stringify({ $schema: "http://json-schema.org/draft-07/schema#", ...RulesetDocument }, null, 2);
}
