import { describe, expect, test } from "vitest";
import { PLANTED, SOUND } from "../planted-bugs.ts";
import { optionsOf, readCorpus } from "./corpus.ts";
import { countingChain } from "./counting-chain.ts";
import { FAULT_KINDS } from "./faults.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";

const STEPS = 400;

for (const [name, entry] of await readCorpus())
  test(`${name}, which once went wrong (${entry.found}), goes right`, async () => {
    expect((await simulate(countingChain, optionsOf(entry))).violations).toEqual([]);
  });

test("300 fresh seeds: nothing lost, doubled, out of order or wrong, whatever befalls", {
  timeout: 600_000,
}, async () => {
  const first = Date.now() % 2 ** 30;
  const faults = new Map<string, number>();
  for (let seed = first; seed < first + 300; seed++) {
    const report = await simulate(countingChain, { seed, steps: STEPS, only: null });
    const repeat = `npm run sim -- --seed ${seed} --steps ${STEPS}`;
    expect(report.violations, `repeat it with: ${repeat}`).toEqual([]);
    for (const [kind, count] of Object.entries(report.faults)) faults.set(kind, (faults.get(kind) ?? 0) + count);
  }
  for (const kind of FAULT_KINDS) expect(faults.get(kind), kind).toBeGreaterThan(0);
});

test("a seed repeats a run wait by wait, another one does not", async () => {
  const trace = async (seed: number) => (await simulate(countingChain, { seed, steps: STEPS, only: null })).trace;
  expect(await trace(7)).toBe(await trace(7));
  expect(await trace(8)).not.toBe(await trace(7));
});

describe("a thousand seeds see a planted bug", () => {
  for (const [bug, part] of Object.entries(PLANTED))
    test(bug, { timeout: 400_000 }, async () => {
      const parts = { ...SOUND, ...part };
      let seed = 1;
      const run = async () => (await simulate(countingChain, { seed, steps: STEPS, only: null, parts })).violations;
      while (seed <= 1_000 && (await run()).length === 0) seed++;
      expect(seed).toBeLessThanOrEqual(1_000);
    });
});

test("a run that goes wrong shrinks to fewer faults and still goes wrong", { timeout: 300_000 }, async () => {
  const parts = { ...SOUND, ...PLANTED["no fencing"] };
  const run = (options: Parameters<typeof simulate>[1]) => simulate(countingChain, { ...options, parts });
  let seed = 1;
  const options = () => ({ seed, steps: STEPS, only: null });
  while ((await run(options())).violations.length === 0) seed++;
  const before = (await run(options())).happened.length;
  const after = await run(await shrink(run, options(), 60));
  expect(after.violations).not.toEqual([]);
  expect(after.happened.length).toBeLessThan(before);
});
