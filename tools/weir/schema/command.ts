/** npm run weir -- schema: the JSON Schemas of the documents that people write, for editors. */
import { ColumnsDocument } from "@weir/dataset";
import { RulesetDocument } from "@weir/engine";
import { ScenarioDocument } from "@weir/scenario";
import { optionLines, parseArguments, refuse } from "../../cli/arguments.ts";

const COMMAND = "npm run weir -- schema";

/** By what the command calls it. */
export const SCHEMAS = {
  ruleset: { document: RulesetDocument, copy: "rulesets/ruleset.schema.json" },
  scenario: { document: ScenarioDocument, copy: "scenarios/scenario.schema.json" },
  columns: { document: ColumnsDocument, copy: "datasets/columns.schema.json" },
} as const;

export function run(args: readonly string[]): number {
  const { words, help, faults } = parseArguments({}, args, process.env);
  if (help) return printHelp();
  const [name = "", ...strays] = words;
  const wrong = [...faults, ...strays.map((word) => `${JSON.stringify(word)} means nothing here`)];
  if (isKnown(name) && wrong.length === 0) {
    console.log(schemaText(name));
    return 0;
  }
  if (!isKnown(name)) wrong.push(`${Object.keys(SCHEMAS).join(" or ")} is needed, got ${name || "nothing"}`);
  return refuse(COMMAND, wrong);
}

/** What the copy holds, layout apart. */
export function schemaText(name: keyof typeof SCHEMAS): string {
  return JSON.stringify({ $schema: "http://json-schema.org/draft-07/schema#", ...SCHEMAS[name].document }, null, 2);
}

function isKnown(name: string): name is keyof typeof SCHEMAS {
  return Object.hasOwn(SCHEMAS, name);
}

function printHelp(): 0 {
  const lines = Object.entries(SCHEMAS).map(
    ([name, { copy }]) => `${COMMAND} ${name}   prints the JSON Schema that ${copy} is a copy of`,
  );
  console.log([...lines, "", ...optionLines({})].join("\n"));
  return 0;
}
