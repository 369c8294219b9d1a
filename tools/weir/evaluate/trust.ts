/** Whether scores can be taken at their word, and whether they stay what they were. */
import { stabilityIndex } from "@weir/model";
import type { Scored } from "./scored.ts";

export type Bin = {
  /** Scores from this one up to that of the next bin. */
  readonly from: number;
  readonly count: number;
  readonly meanScore: number;
  readonly fraudShare: number;
};

export type Calibrated = {
  /** Mean square of score less truth. */
  readonly brier: number;
  /** Mean distance of score and share of frauds over the bins, by their rows. */
  readonly error: number;
  readonly bins: readonly Bin[];
};

/** Narrow where scores are small, which most are. */
const EDGES = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95] as const;

export function calibratedOf({ scores, frauds }: Pick<Scored, "scores" | "frauds">): Calibrated {
  const sums = EDGES.map((from) => ({ from, count: 0, score: 0, frauds: 0 }));
  let squares = 0;
  for (const [row, score] of scores.entries()) {
    const fraud = frauds[row] as number;
    squares += (score - fraud) ** 2;
    const bin = sums[EDGES.findLastIndex((edge) => score >= edge)];
    if (bin === undefined) throw new RangeError(`a score must be at least 0, got ${score}`);
    bin.count += 1;
    bin.score += score;
    bin.frauds += fraud;
  }
  const bins = sums
    .filter(({ count }) => count > 0)
    .map(({ from, count, score, frauds: own }) => ({
      from,
      count,
      meanScore: score / count,
      fraudShare: own / count,
    }));
  const error = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.meanScore - bin.fraudShare), 0);
  return { brier: squares / scores.length, error: error / scores.length, bins };
}

export type Week = { readonly fromMs: number; readonly rows: number; readonly frauds: number; readonly psi: number };

const WEEK_MS = 7 * 86_400_000;
const QUANTILES = 10;

/** The population stability index of each week's scores against the first one's, over the tenths of that. */
export function driftOf({ timesMs, scores, frauds }: Scored, fromMs: number): Week[] {
  const weeks = Map.groupBy(scores.keys(), (row) => Math.floor(((timesMs[row] as number) - fromMs) / WEEK_MS));
  const ordered = [...weeks].sort(([a], [b]) => a - b);
  const first = (ordered[0]?.[1] ?? []).map((row) => scores[row] as number).sort((a, b) => a - b);
  const cuts = Array.from(
    { length: QUANTILES - 1 },
    (_, index) => first[Math.floor(((index + 1) * first.length) / QUANTILES)] as number,
  );
  const edges = [...new Set(cuts)];
  const before = countsOf(first, edges);
  return ordered.map(([week, rows]) => {
    const now = countsOf(
      rows.map((row) => scores[row] as number),
      edges,
    );
    return {
      fromMs: fromMs + week * WEEK_MS,
      rows: rows.length,
      frauds: rows.reduce((sum, row) => sum + (frauds[row] as number), 0),
      psi: stabilityIndex(now, before),
    };
  });
}

function countsOf(scores: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const score of scores) {
    const bin = edges.findIndex((edge) => score < edge);
    const at = bin === -1 ? edges.length : bin;
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}
