/** Feeds targets: first what is kept, then inputs that a seed draws, a fifth of them made from kept ones. */
import { Chance } from "@weir/testing";
import { type Kept, readCorpus } from "./corpus.ts";
import { damaged } from "./damage.ts";
import type { Target } from "./target.ts";

export type Failure = { readonly target: string; readonly input: Buffer; readonly why: string };

export type FuzzReport = {
  readonly inputs: number;
  /** By target, what became of inputs: how often, and the shortest that it became of. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<string, { readonly count: number; readonly shortest: Buffer }>>;
  /** The first of each target. */
  readonly failures: readonly Failure[];
};

/** Long inputs are not kept. */
const MOST_KEPT_BYTES = 2_000;
const SHRINK_TRIES = 400;

/** `inputs` beside those that are kept. A target that fails gets no more inputs. */
export async function fuzz(
  targets: readonly Target[],
  { inputs, seed, onProgress = () => {} }: { inputs: number; seed: number; onProgress?: (done: number) => void },
): Promise<FuzzReport> {
  const outcomes = new Map<string, Map<string, { count: number; shortest: Buffer }>>();
  const failures: Failure[] = [];
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  let done = 0;
  for (const [index, target] of targets.entries()) {
    const seen = new Map<string, { count: number; shortest: Buffer }>();
    outcomes.set(target.name, seen);
    const kept = (await readCorpus(target.name)).map(({ input }) => input);
    const chance = new Chance(seed * 1_000 + index);
    const count = Math.round((inputs * target.share) / shares);
    for (let at = -kept.length; at < count; at += 1) {
      const input = at < 0 ? (kept.at(at) as Buffer) : drawn(target, kept, chance);
      const result = await taken(target, input);
      done += 1;
      if (done % 10_000 === 0) onProgress(done);
      if ("why" in result) {
        const smallest = await shrunk(target, input);
        failures.push({ target: target.name, input: smallest, why: result.why });
        break;
      }
      const known = seen.get(result.outcome);
      if (known === undefined) seen.set(result.outcome, { count: 1, shortest: input });
      else {
        known.count += 1;
        if (input.length < known.shortest.length) known.shortest = input;
      }
    }
  }
  return { inputs: done, outcomes, failures };
}

/** What to keep of a report for a target: the shortest input of each outcome, as far as they are short. */
export function keptOf(report: FuzzReport, target: string): Kept[] {
  return [...(report.outcomes.get(target) ?? [])]
    .filter(([, { shortest }]) => shortest.length <= MOST_KEPT_BYTES)
    .map(([found, { shortest }]) => ({ found, input: shortest }));
}

function drawn(target: Target, kept: readonly Buffer[], chance: Chance): Buffer {
  return kept.length > 0 && chance.below(5) === 0 ? damaged(chance, chance.of(...kept)) : target.draw(chance);
}

async function taken(target: Target, input: Buffer): Promise<{ readonly outcome: string } | { readonly why: string }> {
  try {
    return { outcome: await target.take(input) };
  } catch (error) {
    return { why: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** A shorter input that goes wrong as well. */
async function shrunk(target: Target, input: Buffer): Promise<Buffer> {
  let smallest = input;
  let tries = SHRINK_TRIES;
  for (let size = Math.ceil(smallest.length / 2); size >= 1 && tries > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < smallest.length && tries > 0; tries -= 1) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if ("why" in (await taken(target, shorter))) smallest = shorter;
      else at += size;
    }
  return smallest;
}
