/** npm run chain: made-up payments through a chain of stages, against what its logs give. Exit 1 on any difference. */
import { readFileSync } from "node:fs";
import { compileRuleset, formatFaults } from "@weir/engine";
import { CHAIN_TOPICS, evaluatedDecisions, paymentsOf, tryChain, writtenDecisions } from "@weir/testing";
import { integer, type OptionValues, refuse, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { besideOf } from "../weir/beside.ts";

const options = {
  ruleset: text({ about: "document of rules", placeholder: "FILE", fallback: "rulesets/card-payments.yaml" }),
  transactions: integer({ about: "how many, labels apart", min: 1, max: 10_000_000, fallback: 20_000 }),
  partitions: integer({ about: "of every topic", min: 1, max: 100, fallback: 4 }),
  seed: integer({ about: "of the payments", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
};

const MOST_TOLD = 10;

process.exitCode = await runCommand(
  {
    name: "npm run chain",
    about: [
      "Runs the chain of a ruleset over the log in memory: payments with disorder, duplicates and labels, processes that",
      "join and die. Then every stage steps through its log from the beginning, and what it says must",
      "be what stands behind it, byte for byte. With one partition, and no stage but source and target, the decisions must",
      "also be those of the evaluator, which knows no stages.",
    ],
    options,
  },
  main,
);

async function main({ ruleset, transactions, partitions, seed }: OptionValues<typeof options>): Promise<number> {
  const compiled = compileRuleset(readFileSync(ruleset, "utf8"), { file: ruleset, readBeside: besideOf(ruleset) });
  if (!compiled.ok) return refuse("npm run chain", [formatFaults(compiled.faults).trimEnd()]);
  const { plan } = compiled;
  const inputs = [...paymentsOf({ seed, count: transactions, partitions, topics: CHAIN_TOPICS })];
  const run = await tryChain({ plan, partitions, batchRecords: 100 }, inputs);
  for (const [label, count] of [...run.labels].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${label}: ${count}`);
  const found = run.differences();
  let compared = `${inputs.length} inputs, ${run.restores} restores`;
  if (
    partitions === 1 &&
    plan.entities.length > 0 &&
    plan.entities.every(({ field }) => field === "source" || field === "target")
  ) {
    const wanted = evaluatedDecisions(plan, CHAIN_TOPICS.transactions, run.records("weir.by-source"));
    const written = writtenDecisions(run.records(CHAIN_TOPICS.legit, CHAIN_TOPICS.fraud));
    for (const id of new Set([...wanted.keys(), ...written.keys()]))
      if (wanted.get(id) !== written.get(id)) found.push(`${id}: ${written.get(id)}, the evaluator: ${wanted.get(id)}`);
    compared += `, ${wanted.size} decisions of the evaluator`;
  }
  for (const difference of found.slice(0, MOST_TOLD)) console.log(difference);
  console.log(`${compared}: ${found.length} differences`);
  return found.length > 0 ? 1 : 0;
}
