/**
 * How trees are grown, as XGBoost names it. Shallow trees and a small step for streams of few frauds; some of the rows for a
 * tree and half of the inputs for a split, so that no single input rules. Many bins, since what matters about an amount
 * may be in its last tenth of a per cent. One seed and one thread, so that one table gives one model, byte for byte.
 */
export const TREE_SETTINGS = {
  objective: "binary:logistic",
  tree_method: "hist",
  max_bin: 2048,
  max_depth: 4,
  eta: 0.05,
  subsample: 0.8,
  colsample_bynode: 0.5,
  seed: 1,
  nthread: 1,
  trees: 200,
} as const;
