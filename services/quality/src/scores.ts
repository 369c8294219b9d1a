/** Scores in bins: narrow where they are small, which most are. */
export const SCORE_EDGES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95] as const;

/** The bin whose lower edge is the last one not above the score. */
export function binOf(score: number): number {
  const bin = SCORE_EDGES.findLastIndex((edge) => score >= edge);
  if (bin === -1) throw new RangeError(`a score must be at least 0, got ${score}`);
  return bin;
}
