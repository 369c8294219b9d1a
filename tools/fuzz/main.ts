/** npm run fuzz: inputs from outside, made up by the million. Exit 1 when one is taken wrongly. */
import { relative } from "node:path";
import { flag, integer, type OptionValues, text } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { type FuzzReport, fuzz, keptOf } from "./fuzz.ts";
import { allTargets } from "./targets.ts";

const options = {
  inputs: integer({ about: "how many", min: 0, max: 1_000_000_000, fallback: 20_000 }),
  seed: integer({ about: "draws them", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
  target: text({ about: "only this one", placeholder: "NAME", fallback: null }),
  keep: flag("keep the shortest input of each thing that became of one, instead of those kept before"),
};

const MOST_TOLD = 8;

process.exitCode = await runCommand(
  {
    name: "npm run fuzz",
    about: [
      "Messages, envelopes, snapshots, rulesets and HTTP requests, right in all but a few places: none may crash, contradict",
      "itself or spoil what comes after. One that goes wrong is made as short as it can be and joins tools/fuzz/corpus, which",
      "npm test tries first.",
    ],
    options,
    faultsOf,
  },
  main,
);

function targetsOf({ target }: OptionValues<typeof options>) {
  return allTargets().filter(({ name }) => target === null || name === target);
}

function faultsOf(values: OptionValues<typeof options>): string[] {
  if (targetsOf(values).length > 0) return [];
  return [
    `--target must be ${allTargets()
      .map(({ name }) => name)
      .join(" or ")}`,
  ];
}

async function main(values: OptionValues<typeof options>): Promise<number> {
  const { inputs, seed, keep } = values;
  const targets = targetsOf(values);
  const beganMs = performance.now();
  let toldMs = beganMs;
  const onProgress = (done: number): void => {
    if (performance.now() - toldMs < 5_000) return;
    toldMs = performance.now();
    console.log(`${done} of ${inputs}`);
  };
  const report = await fuzz(targets, { inputs, seed, onProgress });
  for (const { close } of targets) await close?.();
  for (const { name } of targets) tell(report, name);
  if (keep) for (const { name } of targets) await writeCorpus(name, keptOf(report, name));
  for (const { target: name, why, input } of report.failures) {
    const file = await writeCorpus(name, [...(await readCorpus(name)), { found: why, input }]);
    console.error(
      `${name} went wrong: ${why}\n  ${JSON.stringify(input.toString("latin1"))}, now in ${relative(process.cwd(), file)}`,
    );
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  console.log(
    `${report.inputs} inputs of seed ${seed} in ${seconds.toFixed(0)} s: ${report.failures.length} targets went wrong`,
  );
  return report.failures.length > 0 ? 1 : 0;
}

function tell({ outcomes }: FuzzReport, target: string): void {
  const rows = [...(outcomes.get(target) ?? [])].sort(([, a], [, b]) => b.count - a.count);
  const all = rows.reduce((sum, [, { count }]) => sum + count, 0);
  console.log(`${target}: ${all} inputs, ${rows.length} outcomes`);
  for (const [outcome, { count }] of rows.slice(0, MOST_TOLD))
    console.log(`  ${String(count).padStart(8)} ${outcome.slice(0, 100)}`);
  if (rows.length > MOST_TOLD) console.log(`  and ${rows.length - MOST_TOLD} more`);
}
