/** From a run that went wrong to one with as few faults as possible that still does. */
import type { SimulationOptions, SimulationReport } from "./simulation.ts";

/** `run` must go wrong with `options`. Tries at most `tries` runs. */
export async function shrink(
  run: (options: SimulationOptions) => Promise<SimulationReport>,
  options: SimulationOptions,
  tries = 300,
): Promise<SimulationOptions> {
  let left = [...(await run(options)).happened];
  const isWrong = async (ordinals: readonly number[]): Promise<boolean> => {
    tries -= 1;
    return (await run({ ...options, only: new Set(ordinals) })).violations.length > 0;
  };
  // With the first faults left out the later ones are drawn otherwise, so even all of them may not do.
  if (!(await isWrong(left))) return options;
  for (let size = Math.ceil(left.length / 2); size >= 1 && tries > 0; ) {
    let isSmaller = false;
    for (let from = 0; from < left.length && tries > 0; ) {
      const fewer = left.toSpliced(from, size);
      if (await isWrong(fewer)) {
        left = fewer;
        isSmaller = true;
      } else from += size;
    }
    if (!isSmaller && size === 1) break;
    if (!isSmaller) size = Math.ceil(size / 2);
  }
  return { ...options, only: new Set(left) };
}
