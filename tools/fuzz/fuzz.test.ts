import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";
import { must, type Target } from "./target.ts";
import { allTargets } from "./targets.ts";

const INPUTS = 20_000;

test(`${INPUTS} inputs and all that are kept: nothing crashes, contradicts itself or spoils what comes after`, {
  timeout: 180_000,
}, async () => {
  const targets = allTargets();
  const seed = Date.now() % 2 ** 20;
  try {
    const { failures, outcomes, inputs } = await fuzz(targets, { inputs: INPUTS, seed });
    expect(
      failures.map(({ target, why, input }) => `${target}: ${why}, of ${input.toString("base64")}`),
      `repeat it with: npm run fuzz -- --inputs ${INPUTS} --seed ${seed}`,
    ).toEqual([]);
    expect(inputs).toBeGreaterThanOrEqual(INPUTS);
    // Each target takes some and refuses some in several ways, or little would be shown.
    for (const { name } of targets) expect(outcomes.get(name)?.size, name).toBeGreaterThan(2);
  } finally {
    for (const { close } of targets) await close?.();
  }
});

test("an input that goes wrong is found, and made as short as it can be", async () => {
  const planted: Target = {
    name: "planted",
    share: 1,
    draw: (chance) => Buffer.from(Array.from({ length: 50 }, () => chance.below(256))),
    take(input) {
      must(!input.includes(7), "seven is not taken");
      return "taken";
    },
  };
  const { failures } = await fuzz([planted], { inputs: 1_000, seed: 1 });
  expect(failures).toEqual([{ target: "planted", input: Buffer.from([7]), why: "Error: seven is not taken" }]);
});

test("the same seed draws the same inputs", async () => {
  const seen: string[][] = [];
  for (const seed of [1, 1, 2]) {
    const inputs: string[] = [];
    const take = (input: Buffer) => String(inputs.push(input.toString("hex")));
    const targets = allTargets()
      .filter(({ name }) => name !== "http")
      .map((target): Target => ({ ...target, take }));
    await fuzz(targets, { inputs: 300, seed });
    seen.push(inputs);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).not.toEqual(seen[0]);
});
