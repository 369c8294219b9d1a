/** npm run sim: the runtime under faults that a seed draws, in memory and virtual time. Exit 1 on any violation. */
import { relative } from "node:path";
import {
  addToCorpus,
  countingChain,
  FAULT_KINDS,
  type FaultKind,
  type SimulationReport,
  shrink,
  simulate,
} from "@weir/testing";
import { integer, type OptionValues } from "../cli/arguments.ts";
import { runCommand } from "../cli/command.ts";

const options = {
  seed: integer({ about: "of the first run", min: 0, max: 2 ** 31 - 1, fallback: 1 }),
  steps: integer({ about: "waits at which faults can happen, in each run", min: 1, max: 1_000_000, fallback: 400 }),
  runs: integer({ about: "how many runs, each with the next seed", min: 1, max: 10_000_000, fallback: 1 }),
};

const MOST_TOLD = 5;

process.exitCode = await runCommand(
  {
    name: "npm run sim",
    about: [
      "Runs the stage runtime over the log in memory, in virtual time: crashes, zombies, lost requests and replies, stuck",
      "and slow answers, joins, stops, stale offsets. The same seed is the same run. A run that goes wrong is made as small",
      "as possible and joins sim/corpus, which npm test tries first.",
    ],
    options,
  },
  main,
);

async function main({ seed: first, steps, runs }: OptionValues<typeof options>): Promise<number> {
  const total = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  let [wrong, records, virtualMs] = [0, 0, 0];
  const beganMs = performance.now();
  let toldMs = beganMs;
  for (let seed = first; seed < first + runs; seed++) {
    const report = await simulate(countingChain, { seed, steps, only: null });
    for (const kind of FAULT_KINDS) total[kind] += report.faults[kind];
    records += report.records;
    virtualMs += report.virtualMs;
    if (runs === 1) console.log(`trace ${report.trace}`);
    if (report.violations.length > 0) {
      wrong += 1;
      if (wrong <= MOST_TOLD) await tell(seed, steps, report);
    }
    if (performance.now() - toldMs > 5_000) {
      toldMs = performance.now();
      console.log(`${seed - first + 1} of ${runs} runs, ${wrong} went wrong`);
    }
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  console.log(
    `${runs} runs from seed ${first}, ${records} records, ${Math.round(virtualMs / 3_600_000)} h of virtual time in ${seconds.toFixed(0)} s`,
  );
  console.log(FAULT_KINDS.map((kind) => `${kind} ${total[kind]}`).join(", "));
  console.log(`${wrong} went wrong`);
  return wrong === 0 ? 0 : 1;
}

async function tell(seed: number, steps: number, report: SimulationReport): Promise<void> {
  const { violations } = report;
  console.error(`seed ${seed} went wrong (repeat it with: npm run sim -- --seed ${seed} --steps ${steps})`);
  for (const violation of violations.slice(0, MOST_TOLD)) console.error(`  ${violation}`);
  if (violations.length > MOST_TOLD) console.error(`  and ${violations.length - MOST_TOLD} more`);
  const smaller = await shrink((chosen) => simulate(countingChain, chosen), { seed, steps, only: null });
  const file = await addToCorpus(smaller, violations[0] ?? "");
  console.error(
    `  with ${smaller.only?.size ?? report.happened.length} of its ${report.happened.length} faults in ${relative(process.cwd(), file)}`,
  );
}
