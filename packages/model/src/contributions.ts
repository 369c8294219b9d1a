/**
 * How much each input moved the margin of one row, exactly: Shapley values of the trees, where an input that is not
 * known is averaged over the training rows by the cover of the branches. They and the bias add up to the margin.
 *
 * Algorithm 2 of Lundberg, Erion, Lee: Consistent Individualized Feature Attribution for Tree Ensembles (2018,
 * arXiv:1802.03888), "TreeSHAP"; the numbers are those of XGBoost's `pred_contribs`. Costs about leaves * depth^2 steps:
 * for rows that somebody reads the reasons of, not for each.
 */
import type { Forest } from "./forest.ts";

/** Log odds by input, in a buffer that the next call writes over; the last one is the bias. `row`: NaN = missing. */
export type Contributions = (row: Float32Array) => Float64Array;

/** Prepared once: means of trees are part of every row's bias. */
export function contributionsOf(forest: Forest): Contributions {
  const bias = forest.roots.reduce((sum, root) => sum + meanOf(forest, root), Math.fround(forest.baseMargin));
  const phi = new Float64Array(forest.featureCount + 1);
  const walker = new Walker(forest, phi);
  return (row) => {
    phi.fill(0);
    for (const root of forest.roots) walker.tree(root, row);
    phi[forest.featureCount] = bias;
    return phi;
  };
}

/** What a tree gives on average over its training rows. */
function meanOf(forest: Forest, node: number): number {
  if ((forest.feature[node] as number) < 0) return forest.threshold[node] as number;
  const [left, right] = [forest.left[node] as number, forest.right[node] as number];
  const { cover } = forest;
  const sum = (cover[left] as number) * meanOf(forest, left) + (cover[right] as number) * meanOf(forest, right);
  return sum / (cover[node] as number);
}

/**
 * The path of the paper: for each input split on so far the share of training rows that go on when it is unknown
 * (`zero`) and whether the row itself does when it is known (`one`), and by the number of known inputs the weight of
 * their subsets. Each level of a tree has its own copy, side by side.
 */
class Walker {
  readonly #forest: Forest;
  readonly #phi: Float64Array;
  readonly #input: Int32Array;
  readonly #zero: Float64Array;
  readonly #one: Float64Array;
  readonly #weight: Float64Array;
  readonly #stride: number;

  constructor(forest: Forest, phi: Float64Array) {
    this.#forest = forest;
    this.#phi = phi;
    this.#stride = forest.depth + 2;
    const size = this.#stride ** 2;
    this.#input = new Int32Array(size);
    this.#zero = new Float64Array(size);
    this.#one = new Float64Array(size);
    this.#weight = new Float64Array(size);
  }

  tree(root: number, row: Float32Array): void {
    this.#visit(root, row, 0, 0, 1, 1, -1);
  }

  /** `level`: whose copy is the parent's; `length` of it; then the branch that leads here. */
  #visit(node: number, row: Float32Array, level: number, length: number, zero: number, one: number, by: number): void {
    const { feature, threshold, left, right, defaultLeft, cover } = this.#forest;
    const start = level * this.#stride;
    if (level > 0) this.#copy(start - this.#stride, start, length);
    this.#extend(start, length, zero, one, by);
    const split = feature[node] as number;
    if (split < 0) {
      this.#leaf(start, length, threshold[node] as number);
      return;
    }
    const value = row[split] as number;
    const goesLeft = Number.isNaN(value) ? defaultLeft[node] === 1 : value < (threshold[node] as number);
    const hot = (goesLeft ? left[node] : right[node]) as number;
    const cold = (goesLeft ? right[node] : left[node]) as number;
    let known = length + 1;
    let [zeroBefore, oneBefore] = [1, 1];
    for (let place = 1; place < known; place += 1)
      if (this.#input[start + place] === split) {
        zeroBefore = this.#zero[start + place] as number;
        oneBefore = this.#one[start + place] as number;
        this.#unwind(start, length, place);
        known -= 1;
        break;
      }
    const whole = cover[node] as number;
    const share = (child: number): number => (zeroBefore * (cover[child] as number)) / whole;
    this.#visit(hot, row, level + 1, known, share(hot), oneBefore, split);
    this.#visit(cold, row, level + 1, known, share(cold), 0, split);
  }

  #copy(from: number, to: number, length: number): void {
    for (let place = 0; place < length; place += 1) {
      this.#input[to + place] = this.#input[from + place] as number;
      this.#zero[to + place] = this.#zero[from + place] as number;
      this.#one[to + place] = this.#one[from + place] as number;
      this.#weight[to + place] = this.#weight[from + place] as number;
    }
  }

  #extend(start: number, length: number, zero: number, one: number, by: number): void {
    const weight = this.#weight;
    this.#input[start + length] = by;
    this.#zero[start + length] = zero;
    this.#one[start + length] = one;
    weight[start + length] = length === 0 ? 1 : 0;
    for (let place = length - 1; place >= 0; place -= 1) {
      const own = weight[start + place] as number;
      weight[start + place + 1] = (weight[start + place + 1] as number) + (one * own * (place + 1)) / (length + 1);
      weight[start + place] = (zero * own * (length - place)) / (length + 1);
    }
  }

  /** Takes the input at `at` out again, where the path's last place is `last`. */
  #unwind(start: number, last: number, at: number): void {
    const [zero, one, weight] = [this.#zero[start + at] as number, this.#one[start + at] as number, this.#weight];
    let next = weight[start + last] as number;
    for (let place = last - 1; place >= 0; place -= 1) {
      const own = weight[start + place] as number;
      if (one !== 0) {
        weight[start + place] = (next * (last + 1)) / ((place + 1) * one);
        next = own - ((weight[start + place] as number) * zero * (last - place)) / (last + 1);
      } else weight[start + place] = (own * (last + 1)) / (zero * (last - place));
    }
    for (let place = at; place < last; place += 1) {
      this.#input[start + place] = this.#input[start + place + 1] as number;
      this.#zero[start + place] = this.#zero[start + place + 1] as number;
      this.#one[start + place] = this.#one[start + place + 1] as number;
    }
  }

  /** Sum of the weights that #unwind would leave. */
  #unwoundSum(start: number, last: number, at: number): number {
    const [zero, one, weight] = [this.#zero[start + at] as number, this.#one[start + at] as number, this.#weight];
    let next = weight[start + last] as number;
    let sum = 0;
    for (let place = last - 1; place >= 0; place -= 1) {
      const own = weight[start + place] as number;
      if (one !== 0) {
        const unwound = (next * (last + 1)) / ((place + 1) * one);
        sum += unwound;
        next = own - (unwound * zero * (last - place)) / (last + 1);
      } else sum += (own * (last + 1)) / (zero * (last - place));
    }
    return sum;
  }

  #leaf(start: number, last: number, value: number): void {
    for (let place = 1; place <= last; place += 1) {
      const weight = this.#unwoundSum(start, last, place);
      const input = this.#input[start + place] as number;
      const moved = (this.#one[start + place] as number) - (this.#zero[start + place] as number);
      this.#phi[input] = (this.#phi[input] as number) + weight * moved * value;
    }
  }
}
