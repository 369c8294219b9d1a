/**
 * How far a figure would move with other customers: they are drawn anew with replacement, each with all of its
 * transactions (the Poisson bootstrap of Chamandy, Muralidharan, Najmi, Naidu: "Estimating Uncertainty for Massive Data
 * Streams", 2012). The dice are seeded, so a report comes out the same again.
 */
import { orderOf, type Ranking, rankingOf } from "./ranking.ts";
import type { Scored } from "./scored.ts";

export const REPLICATES = 100;
const SEED = 0x5eed;

export type Spread = { readonly ap: number; readonly auc: number; readonly recallAt: readonly number[] };

/** Standard errors. */
export function spreadOf(scored: Scored): Spread {
  return deviationOf(replicatesOf(scored, orderOf(scored.scores)));
}

/** Standard errors of the differences b - a of two rulesets' figures over the same rows, by the same draws. */
export function spreadOfDifference(a: Scored, b: Scored): Spread {
  const left = replicatesOf(a, orderOf(a.scores));
  const right = replicatesOf(b, orderOf(b.scores));
  return deviationOf(
    right.map((ranking, index) => {
      const other = left[index] as Ranking;
      return {
        ap: ranking.ap - other.ap,
        auc: ranking.auc - other.auc,
        recallAt: ranking.recallAt.map((value, at) => value - (other.recallAt[at] as number)),
      };
    }),
  );
}

function replicatesOf({ scores, frauds, sources, sourceCount }: Scored, order: Uint32Array): Ranking[] {
  const draw = diceOf(SEED);
  return Array.from({ length: REPLICATES }, () => {
    const weights = Uint8Array.from({ length: sourceCount }, () => poissonOfOne(draw()));
    return rankingOf(scores, frauds, order, (row) => weights[sources[row] as number] as number);
  });
}

function deviationOf(rankings: readonly Ranking[]): Spread {
  return {
    ap: deviation(rankings.map(({ ap }) => ap)),
    auc: deviation(rankings.map(({ auc }) => auc)),
    recallAt: (rankings[0]?.recallAt ?? []).map((_, at) =>
      deviation(rankings.map(({ recallAt }) => recallAt[at] as number)),
    ),
  };
}

/** Of the draws that had frauds at all. */
function deviation(drawn: readonly number[]): number {
  const values = drawn.filter((value) => !Number.isNaN(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Of a Poisson variable of mean 1, by inversion. */
function poissonOfOne(uniform: number): number {
  let [count, share] = [0, Math.exp(-1)];
  for (let sum = share; uniform > sum && count < 20; sum += share) share /= ++count;
  return count;
}

/** Numbers in [0, 1): Marsaglia's xorshift of 32 bits. */
function diceOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
