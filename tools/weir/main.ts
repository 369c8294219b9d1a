/** npm run weir -- COMMAND: finds the subcommand and hands it what is left of the arguments. */
import { refuse } from "../cli/arguments.ts";
import type { Command } from "./command.ts";

const COMMAND = "npm run weir";

const commands: Readonly<Record<string, Command>> = {
  check: {
    usage: "check FILE",
    about: "tells every fault of a ruleset, or what it compiles to and costs",
    load: () => import("./check/command.ts"),
  },
  reasons: {
    usage: "reasons",
    about: "prints the newest decisions of the fraud topic and why they were made",
    load: () => import("./reasons/command.ts"),
  },
  schema: {
    usage: "schema ruleset|scenario|columns",
    about: "prints the JSON Schema of rulesets, scenarios or column documents, for editors",
    load: () => import("./schema/command.ts"),
  },
  decide: {
    usage: "decide",
    about: "runs a file of transactions through a ruleset, without Kafka",
    load: () => import("./decide/command.ts"),
  },
  features: {
    usage: "features",
    about: "writes what a ruleset's model is trained on, from history and labels as they were known then",
    load: () => import("./features/command.ts"),
  },
  train: {
    usage: "train",
    about: "trains a ruleset's model from such a table, tries it on later days, and puts it in its place",
    load: () => import("./train/command.ts"),
  },
  evaluate: {
    usage: "evaluate",
    about: "how much fraud a ruleset finds in a data set, its model retrained as labels come in",
    load: () => import("./evaluate/command.ts"),
  },
  replay: {
    usage: "replay FILE",
    about: "sends a file of transactions and their labels to Kafka, at a rate or as fast as it goes",
    load: () => import("./replay/command.ts"),
  },
  scenarios: {
    usage: "scenarios [FILE ...]",
    about: "how much of the fraud of made-up streams a ruleset finds, how soon, and what it stops wrongly",
    load: () => import("./scenarios/command.ts"),
  },
  topics: {
    usage: "topics apply|verify",
    about: "makes the topics that are missing on Kafka, or says what is missing or wrong",
    load: () => import("./topics/command.ts"),
  },
  drain: {
    usage: "drain",
    about: "decides what is under way between the stages of a ruleset that is to be replaced, and ends",
    load: () => import("./drain/command.ts"),
  },
  entity: {
    usage: "entity FIELD KEY",
    about: "asks a detector what it knows of one source or target now: its windows, its last decisions",
    load: () => import("./entity/command.ts"),
  },
  token: {
    usage: "token",
    about: "turns ids into the tokens that stand for them in outputs, by the key of the environment",
    load: () => import("./token/command.ts"),
  },
  rejected: {
    usage: "rejected list|show|export|replay",
    about: "what could not be decided: looks at it, takes it out, sends it in again",
    load: () => import("./rejected/command.ts"),
  },
};

// Not only the code: a client that still waits for an answer from Kafka would keep the process for that long.
process.exit(await main(process.argv.slice(2)));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h") return printHelp();
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands).join(", ");
    return refuse(COMMAND, [`the first word is one of ${known}; got ${name === undefined ? "nothing" : name}`]);
  }
  const { run } = await command.load();
  return run(args);
}

function printHelp(): 0 {
  const rows = Object.values(commands);
  const width = Math.max(...rows.map(({ usage }) => usage.length));
  const lines = rows.map(({ usage, about }) => `  ${COMMAND} -- ${usage.padEnd(width)}  ${about}`);
  console.log([...lines, "", "Each has a --help of its own."].join("\n"));
  return 0;
}
