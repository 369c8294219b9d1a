/** In place of an empty share, whose logarithm there is none of. */
const LEAST_SHARE = 1e-4;

/**
 * The population stability index of counts by bin against other counts of the same bins: the sum of
 * (share - share before) * ln(share / share before). Below 0.1 little has moved, above 0.25 much has. NaN where nothing is counted.
 */
export function stabilityIndex(now: readonly number[], before: readonly number[]): number {
  const [a, b] = [sharesOf(now), sharesOf(before)];
  return a.reduce((sum, share, bin) => sum + (share - (b[bin] as number)) * Math.log(share / (b[bin] as number)), 0);
}

function sharesOf(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? Number.NaN : Math.max(LEAST_SHARE, count / total)));
}
