/** npm run torture: faults on a real Kafka, and the oracle's verdict. Exit 1 on any violation. */
import { durationMs, integer, optionLines, parseArguments, refuse, text } from "../cli/arguments.ts";
import { type TortureReport, torture } from "./run.ts";

const options = {
  for: durationMs({ about: "how long faults happen (default 5m)", minMs: 20_000 }),
  seed: integer({ about: "draws the schedule and the transactions", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
  rate: integer({ about: "transactions a second", min: 1, max: 20_000, fallback: 2000 }),
  ruleset: text({
    about: "document of rules, whose chain runs",
    placeholder: "FILE",
    fallback: "rulesets/starter.yaml",
  }),
  partitions: integer({ about: "of the input", min: 1, max: 64, fallback: 4 }),
};

const { values, words, help, faults } = parseArguments(options, process.argv.slice(2), process.env);
process.exitCode = help ? printHelp() : await main();

function printHelp(): 0 {
  console.log(
    [
      "npm run torture -- [options]",
      "",
      "Two detectors on a real Kafka of their own, killed, stopped, frozen, their broker killed; then every input is",
      "checked to have exactly one right output, read by Kafka's own consumer. Needs Java 17 and Maven.",
      "",
      ...optionLines(options),
    ].join("\n"),
  );
  return 0;
}

async function main(): Promise<number> {
  const strays = words.map((word) => `${JSON.stringify(word)} means nothing here`);
  if (faults.length + strays.length > 0) return refuse("npm run torture", [...faults, ...strays]);
  const { seed, rate, partitions, ruleset } = values;
  const report = await torture({
    durationMs: values.for ?? 300_000,
    seed,
    rate,
    partitions,
    ruleset,
    log: (line) => console.log(line),
  });
  console.log(describe(report));
  return report.clean ? 0 : 1;
}

function describe({ verdict, differences, takeOversMs, exitsMs, faults: broken, clean }: TortureReport): string {
  const { inputs, outputs, rejected, ...wrong } = verdict;
  const times = (list: readonly number[]): string => {
    const sorted = list.toSorted((a, b) => a - b).map(Math.round);
    return `${list.length} times, p50 ${sorted[sorted.length >> 1] ?? "-"} ms, max ${sorted.at(-1) ?? "-"} ms`;
  };
  return [
    "",
    `inputs ${inputs}, outputs ${outputs}, of these rejected ${rejected}`,
    ...Object.entries(wrong).map(
      ([what, list]) =>
        `${what.padEnd(12)} ${list.length}${list.length > 0 ? `  such as ${list.slice(0, 3).join(", ")}` : ""}`,
    ),
    `${"wrong".padEnd(12)} ${differences.length}`,
    ...differences.slice(0, 3).map((line) => `  ${line}`),
    ...Object.entries(takeOversMs).map(([fault, list]) => `${fault.padEnd(12)} others went on: ${times(list)}`),
    `exit after SIGTERM: ${times(exitsMs)}`,
    ...broken.map((fault) => `broken promise: ${fault}`),
    clean ? "CLEAN" : "VIOLATED",
  ].join("\n");
}
