/**
 * How well scores rank frauds before the rest. Transactions of one score are taken together, so the order of the rows
 * says nothing.
 *
 * - ap: average precision, the sum of (recall - recall before) * precision over the distinct scores, as scikit-learn
 *   defines it. The share of frauds is what chance gives.
 * - auc: area under the ROC curve, ties count half.
 * - recallAt(fpr): the greatest recall at a false-positive rate of at most `fpr`.
 */
export type Ranking = {
  readonly ap: number;
  readonly auc: number;
  readonly recallAt: readonly number[];
};

/** The false-positive rates that recall is told at. */
export const FPRS = [0.001, 0.005] as const;

/** Places of the rows by falling score. */
export function orderOf(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index);
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
}

/** `weights`: how often each row counts; once if left out. NaN where there is no fraud, or nothing else. */
export function rankingOf(
  scores: ArrayLike<number>,
  frauds: ArrayLike<number>,
  order: Uint32Array,
  weights: ((row: number) => number) | null = null,
): Ranking {
  let [positives, negatives] = [0, 0];
  for (let row = 0; row < order.length; row += 1) {
    const weight = weights === null ? 1 : weights(row);
    if (frauds[row] === 1) positives += weight;
    else negatives += weight;
  }
  let [hits, falses, ap, area] = [0, 0, 0, 0];
  const recallAt = FPRS.map(() => 0);
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at] as number] as number;
    const [hitsBefore, falsesBefore] = [hits, falses];
    for (; at < order.length && scores[order[at] as number] === score; at += 1) {
      const row = order[at] as number;
      const weight = weights === null ? 1 : weights(row);
      if (frauds[row] === 1) hits += weight;
      else falses += weight;
    }
    if (hits > hitsBefore) ap += ((hits - hitsBefore) / positives) * (hits / (hits + falses));
    area += (falses - falsesBefore) * ((hits + hitsBefore) / 2);
    for (const [index, fpr] of FPRS.entries()) if (falses <= fpr * negatives) recallAt[index] = hits / positives;
  }
  if (positives === 0 || negatives === 0)
    return { ap: Number.NaN, auc: Number.NaN, recallAt: FPRS.map(() => Number.NaN) };
  return { ap, auc: area / (positives * negatives), recallAt };
}

export type Point = readonly [x: number, y: number];

/** At most so many points, spread by the frauds found: recall and precision, false-positive rate and recall. */
export function curvesOf(scores: ArrayLike<number>, frauds: ArrayLike<number>, order: Uint32Array, most = 300) {
  const positives = order.reduce((sum, row) => sum + (frauds[row] as number), 0);
  const negatives = order.length - positives;
  const precision: Point[] = [];
  const roc: Point[] = [[0, 0]];
  let [hits, falses, next] = [0, 0, 0];
  for (let at = 0; at < order.length; at += 1) {
    const row = order[at] as number;
    if (frauds[row] === 1) hits += 1;
    else falses += 1;
    const tied = at + 1 < order.length && scores[order[at + 1] as number] === scores[row];
    if (tied || (hits < next && at + 1 < order.length)) continue;
    next = hits + positives / most;
    precision.push([hits / positives, hits / (at + 1)]);
    roc.push([falses / negatives, hits / positives]);
  }
  return { precision, roc };
}
