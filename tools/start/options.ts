import { durationMs, flag, integer, optionLines, text } from "../cli/arguments.ts";
import { DEFAULT_PARTITIONS } from "../weir/topics/topics.ts";

export const options = {
  for: durationMs({
    about: "stop after this time (30s, 5m, 1h), then check that every transaction has one decision",
    minMs: 1000,
  }),
  rate: integer({ about: "transactions a second", min: 1, max: 50_000, fallback: 1000 }),
  seed: integer({
    about: "seed of the generator; the same seed pays the same payments",
    min: 0,
    max: 2 ** 32 - 1,
    fallback: null,
  }),
  ruleset: text({ about: "rules to decide by", placeholder: "FILE", fallback: "rulesets/card-payments.yaml" }),
  partitions: integer({
    about: `partitions of new topics; without it ${DEFAULT_PARTITIONS}`,
    min: 1,
    max: 1000,
    fallback: null,
  }),
  detectors: integer({ about: "detector processes", min: 1, max: 32, fallback: 1 }),
  fresh: flag("begin without the topics and records of earlier runs"),
  "in-memory": flag("run without Kafka, in one process over a log in memory; nothing is kept"),
};

export function helpText(): string {
  return [
    "npm start -- [options]",
    "",
    "Runs Weir on this machine: Kafka, its topics, a generator of transactions and labels, a detector, and a view of it all.",
    "Kafka is the one at KAFKA_BROKER_URL if that is set, else a Docker container, else a Java process; where none of them",
    "can be had, a log in memory takes its place.",
    "Ctrl-C lets the detector finish what was sent and leaves nothing running; a second Ctrl-C does not wait.",
    "",
    ...optionLines(options),
    "",
    "Exit codes: 0 stopped cleanly (with --for: every transaction has exactly one decision); 1 something failed, is missing",
    "or doubled; 78 what was asked for is wrong.",
  ].join("\n");
}
