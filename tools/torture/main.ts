/** npm run torture: faults on a real Kafka, and the oracle's verdict. Exit 1 on any violation. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { choice, durationMs, flag, integer, type OptionValues, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { describe } from "./report.ts";
import { torture } from "./run.ts";

const options = {
  minutes: integer({ about: "how long faults happen (default 5)", min: 1, max: 100_000, fallback: null }),
  for: durationMs({ about: "the same in other units, such as 90s", minMs: 10_000 }),
  seed: integer({ about: "draws the schedule and the transactions", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
  rate: integer({ about: "transactions a second", min: 10, max: 20_000, fallback: 1000 }),
  ruleset: text({
    about: "document of rules, whose chain runs",
    placeholder: "FILE",
    fallback: "rulesets/card-payments.yaml",
  }),
  partitions: integer({ about: "of the input", min: 1, max: 64, fallback: 4 }),
  brokers: choice({ about: "how many; three keep every record three times", words: ["1", "3"], fallback: "1" }),
  roll: flag(
    "instead of faults: a rolling update, each detector ended and replaced once, and how long partitions paused",
  ),
  from: text({
    about: "of --roll: folder of another release, installed; begins with that one, goes to this one and back",
    placeholder: "DIR",
    fallback: null,
  }),
  timely: flag("a take-over later than promised is a violation too"),
};

const exitCode = await runCommand(
  {
    name: "npm run torture",
    about: [
      "Three detectors on a real Kafka of their own, whose processes, brokers and connections are killed, frozen, cut and",
      "deafened; then the oracle judges what Kafka's own consumer reads. Needs Java 17 and Maven. All that is read has to",
      "fit into memory, some 17 KB a transaction of a chain: a long run wants a lower rate.",
    ],
    options,
    faultsOf: ({ roll, from }) => {
      if (from === null) return [];
      if (!roll) return ["--from means nothing without --roll"];
      const detector = resolve(from, "services/detector/main.ts");
      return existsSync(detector) ? [] : [`--from: no release of Weir is there, ${detector} is missing`];
    },
  },
  main,
);

// At once: after connections that were reset with something under way Node's own end can wait for ever, in uv_run.
process.exit(exitCode);

async function main(values: OptionValues<typeof options>): Promise<number> {
  const { seed, rate, partitions, ruleset, brokers, roll, from, timely } = values;
  const report = await torture({
    durationMs: values.for ?? (values.minutes ?? 5) * 60_000,
    seed,
    rate,
    partitions,
    ruleset,
    roll,
    from: from === null ? null : resolve(from),
    brokers: brokers === "3" ? 3 : 1,
    log: (line) => console.log(line),
  });
  console.log(describe(report));
  const isRight = report.clean && !(timely && report.late.length > 0);
  console.log(isRight ? "CLEAN" : "VIOLATED");
  return isRight ? 0 : 1;
}
