/** npm run weir -- rejected list|show|export|replay */
import { ConfigurationError } from "@weir/service";
import { refuse } from "../../cli/arguments.ts";
import { wordsOf } from "../inputs.ts";
import { exportAction } from "./export.ts";
import { listAction } from "./list.ts";
import { replayAction } from "./replay.ts";
import { showAction } from "./show.ts";
import { variableLines } from "./world.ts";

const COMMAND = "npm run weir -- rejected";

const actions = { list: listAction, show: showAction, export: exportAction, replay: replayAction } as const;

export async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h") return printHelp();
  const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name as keyof typeof actions] : undefined;
  if (action === undefined)
    return refuse(COMMAND, [`list, show, export or replay is needed, got ${name === undefined ? "nothing" : name}`]);
  try {
    return await action.run(args);
  } catch (error) {
    const command = `${COMMAND} ${name}`;
    if (error instanceof ConfigurationError) return refuse(command, error.faults);
    console.error(`${command}: ${wordsOf(error)}`);
    return 1;
  }
}

function printHelp(): 0 {
  const lines = Object.values(actions).map(({ usage, about }) => `${COMMAND} ${usage}\n    ${about}`);
  const more = ["Each has a --help of its own. Where Kafka is, and the topics' names, come from the environment:"];
  console.log([...lines, "", ...more, "", ...variableLines()].join("\n"));
  return 0;
}
