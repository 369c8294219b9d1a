/**
 * From a model's margin to a probability that can be taken at its word: Platt's scaling, 1 / (1 + exp(-(a * margin + b))).
 * It keeps the order of the scores, so what a threshold catches is decided by the trees alone.
 *
 * Source: Platt, "Probabilistic Outputs for Support Vector Machines" (1999), fitted as Lin, Lin, Weng: "A Note on Platt's
 * Probabilistic Outputs" (2007), Newton's method with backtracking.
 */
export type Calibration = { readonly slope: number; readonly offset: number };

export const UNCALIBRATED: Calibration = { slope: 1, offset: 0 };

/** `margin`: log odds. 0 to 1. */
export function probabilityOf({ slope, offset }: Calibration, margin: number): number {
  return 1 / (1 + Math.exp(-(slope * margin + offset)));
}

/** Of the attribute's text, which is `slope offset`; null: there is none. What is wrong, as a sentence. */
export function calibrationOf(text: string | null): Calibration | string {
  if (text === null) return UNCALIBRATED;
  const [slope = Number.NaN, offset = Number.NaN, ...more] = text.split(" ").map(Number);
  if (slope > 0 && Number.isFinite(slope) && Number.isFinite(offset) && more.length === 0) return { slope, offset };
  return `weir_calibration must be two numbers, a slope above 0 and an offset, got ${JSON.stringify(text.slice(0, 60))}`;
}

export function calibrationText({ slope, offset }: Calibration): string {
  return `${slope} ${offset}`;
}

const MAX_STEPS = 100;
const MIN_STEP = 1e-10;
/** So that margins that are all equal do not make the equations singular. */
const RIDGE = 1e-12;

/**
 * The calibration under which the truth is likeliest. `margins` of rows that the model was not trained on; `frauds[i]`: 1
 * or 0. Without a fraud, or without a genuine row, there is nothing to learn from: the identity.
 */
export function fitCalibration(margins: ArrayLike<number>, frauds: ArrayLike<number>): Calibration {
  const positives = Array.from(frauds).reduce((sum, fraud) => sum + fraud, 0);
  const negatives = frauds.length - positives;
  if (positives === 0 || negatives === 0) return UNCALIBRATED;
  // Platt's targets: not quite 1 and 0, as if one more of each had been seen.
  const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)];
  const target = (index: number): number => (frauds[index] === 1 ? high : low);
  const loss = (slope: number, offset: number): number => {
    let sum = 0;
    for (let index = 0; index < margins.length; index += 1) {
      const value = slope * (margins[index] as number) + offset;
      sum += softplus(value) - target(index) * value;
    }
    return sum;
  };
  let [slope, offset] = [1, 0];
  let best = loss(slope, offset);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const [slopes, both, offsets, bySlope, byOffset] = derivatives(margins, target, slope, offset);
    const determinant = (slopes + RIDGE) * (offsets + RIDGE) - both * both;
    const [toSlope, toOffset] = [
      -((offsets + RIDGE) * bySlope - both * byOffset) / determinant,
      -((slopes + RIDGE) * byOffset - both * bySlope) / determinant,
    ];
    if (Math.abs(bySlope) < 1e-5 && Math.abs(byOffset) < 1e-5) break;
    let size = 1;
    for (; size >= MIN_STEP; size /= 2) {
      const tried = loss(slope + size * toSlope, offset + size * toOffset);
      if (!(tried < best)) continue;
      [slope, offset, best] = [slope + size * toSlope, offset + size * toOffset, tried];
      break;
    }
    if (size < MIN_STEP) break;
  }
  // A model that is worse than chance would be turned round.
  return slope > 0 ? { slope, offset } : UNCALIBRATED;
}

function derivatives(margins: ArrayLike<number>, target: (index: number) => number, slope: number, offset: number) {
  let [slopes, both, offsets, bySlope, byOffset] = [0, 0, 0, 0, 0];
  for (let index = 0; index < margins.length; index += 1) {
    const margin = margins[index] as number;
    const probability = probabilityOf({ slope, offset }, margin);
    const spread = probability * (1 - probability);
    const error = probability - target(index);
    slopes += margin * margin * spread;
    both += margin * spread;
    offsets += spread;
    bySlope += margin * error;
    byOffset += error;
  }
  return [slopes, both, offsets, bySlope, byOffset] as const;
}

/** log(1 + exp(x)) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
