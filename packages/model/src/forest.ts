/** The trees of a boosted model side by side in typed arrays, checked: every walk from a root ends at a leaf. */

/** Bounds of one model. Each is a fault of its own when crossed. */
export const MODEL_LIMITS = {
  bytes: 32 * 1024 * 1024,
  features: 200,
  trees: 2_000,
  nodes: 500_000,
  /** Comparisons from the root to a leaf. */
  depth: 24,
} as const;

/**
 * A node is a leaf where `feature` is -1; its value then is `threshold`. Else a value below the threshold goes left,
 * another one right, and a missing one (NaN) left if `defaultLeft` is 1. All values are float32, as XGBoost's are.
 */
export type Forest = {
  readonly featureCount: number;
  /** As the file names them, in the order of the input; empty if it does not. */
  readonly featureNames: readonly string[];
  /** The margin (log odds) before the first tree. */
  readonly baseMargin: number;
  /** First node of each tree. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly defaultLeft: Uint8Array;
  /** Sum of hessians of the training rows that came to the node. */
  readonly cover: Float64Array;
  /** Of the deepest leaf. */
  readonly depth: number;
};

/** Margins add up in float32 and in the order of the trees: the very sum that XGBoost computes. `row`: NaN = missing. */
export function walk(forest: Forest, row: Float32Array): number {
  const { roots, feature, threshold, left, right, defaultLeft } = forest;
  let margin = Math.fround(forest.baseMargin);
  for (let tree = 0; tree < roots.length; tree += 1) {
    let node = roots[tree] as number;
    for (let at = feature[node] as number; at >= 0; at = feature[node] as number) {
      const value = row[at] as number;
      const goesLeft = Number.isNaN(value) ? defaultLeft[node] === 1 : value < (threshold[node] as number);
      node = (goesLeft ? left[node] : right[node]) as number;
    }
    margin = Math.fround(margin + (threshold[node] as number));
  }
  return margin;
}
