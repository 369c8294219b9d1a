import { LocalKafkaError } from "@weir/testing";
import {
  EXIT_CONFIGURATION,
  type OptionTable,
  type OptionValues,
  optionLines,
  parseArguments,
  refuse,
} from "./arguments.ts";

const OPEN_FOR_MS = 10_000;

export type Command<T extends OptionTable> = {
  /** As it is typed: `npm run sim`. */
  readonly name: string;
  /** Lines for --help: what it does. */
  readonly about: readonly string[];
  readonly options: T;
  /** What is wrong with values that are each right by themselves; told with the other faults. */
  readonly faultsOf?: (values: OptionValues<T>) => readonly string[];
};

/**
 * Runs a command that takes options and nothing else, with the arguments of this process. Resolves with the exit code:
 * that of `main`, or 0 after --help, or EXIT_CONFIGURATION after every fault has been told, or why no Kafka could be had here.
 */
export async function runCommand<T extends OptionTable>(
  command: Command<T>,
  main: (values: OptionValues<T>) => number | Promise<number>,
): Promise<number> {
  const read = readOptions(command);
  if ("code" in read) return read.code;
  let code: number;
  try {
    code = await main(read.values);
  } catch (error) {
    if (!(error instanceof LocalKafkaError)) throw error;
    console.error(`${command.name}: ${error.message}`);
    code = EXIT_CONFIGURATION;
  }
  endByForce(command.name, code);
  return code;
}

/** For a script that goes on from here: the values, or the end of the process as runCommand would end. */
export function optionsOf<T extends OptionTable>(command: Command<T>): OptionValues<T> {
  const read = readOptions(command);
  return "code" in read ? process.exit(read.code) : read.values;
}

type ReadOptions<T extends OptionTable> = { readonly values: OptionValues<T> } | { readonly code: number };

function readOptions<T extends OptionTable>({ name, about, options, faultsOf }: Command<T>): ReadOptions<T> {
  const { values, words, help, faults } = parseArguments(options, process.argv.slice(2), process.env);
  if (help) {
    console.log([`${name} -- [options]`, "", ...about, "", ...optionLines(options)].join("\n"));
    return { code: 0 };
  }
  const strays = words.map((word) => `${JSON.stringify(word)} means nothing here`);
  const wrong = [...faults, ...strays, ...(faultsOf?.(values) ?? [])];
  return wrong.length > 0 ? { code: refuse(name, wrong) } : { values };
}

/** What was left open must not hold up a command that is done, and whoever waits for it: it is told, and left behind. */
function endByForce(name: string, code: number): void {
  const force = (): void => {
    console.error(`${name}: left open at the end: ${process.getActiveResourcesInfo().join(", ")}`);
    process.exit(code);
  };
  setTimeout(force, OPEN_FOR_MS).unref();
}
