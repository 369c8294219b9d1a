/** Intervals of doubles, as the checks of expressions reason with them. */

/** Both ends included. `nonZero`: 0 is left out although it may lie between. `whole`: only whole numbers. */
export type Range = {
  readonly min: number;
  readonly max: number;
  readonly nonZero: boolean;
  readonly whole: boolean;
};

export const ANY_NUMBER: Range = {
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
  nonZero: false,
  whole: false,
};

/** The numbers from `min` to `max`; null if there are none. */
export function range(min: number, max: number, { nonZero = false, whole = false } = {}): Range | null {
  if (whole) [min, max] = [Math.ceil(min), Math.floor(max)];
  if (nonZero && min === 0) min = whole ? 1 : Number.MIN_VALUE;
  if (nonZero && max === 0) max = whole ? -1 : -Number.MIN_VALUE;
  return min <= max ? { min, max, nonZero, whole } : null;
}

export function point(value: number): Range {
  return { min: value, max: value, nonZero: value !== 0, whole: Number.isInteger(value) };
}

export function isPoint({ min, max }: Range): boolean {
  return min === max;
}

export function mayBeZero({ min, max, nonZero }: Range): boolean {
  return min <= 0 && max >= 0 && !nonZero;
}

export function intersect(a: Range, b: Range): Range | null {
  const flags = { nonZero: a.nonZero || b.nonZero, whole: a.whole || b.whole };
  return range(Math.max(a.min, b.min), Math.min(a.max, b.max), flags);
}

/** The least range that holds both. */
export function hull(a: Range, b: Range): Range {
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    nonZero: !mayBeZero(a) && !mayBeZero(b),
    whole: a.whole && b.whole,
  };
}

export function negated({ min, max, nonZero, whole }: Range): Range {
  return { min: -max, max: -min, nonZero, whole };
}

/**
 * What `a op b` can be. Rounding keeps order, so the ends computed as the values are enclose them. Of what can
 * overflow nothing is known. A divisor's 0 is left out: whoever asks has refused it.
 */
export function computed(op: "+" | "-" | "*" | "/", a: Range, b: Range): Range {
  switch (op) {
    case "+":
      return enclosing(a.whole && b.whole, a.min + b.min, a.max + b.max);
    case "-":
      return enclosing(a.whole && b.whole, a.min - b.max, a.max - b.min);
    case "*":
      return enclosing(a.whole && b.whole, a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max);
    case "/":
      if (b.min <= 0 && b.max >= 0) return ANY_NUMBER;
      return enclosing(false, a.min / b.min, a.min / b.max, a.max / b.min, a.max / b.max);
  }
}

function enclosing(whole: boolean, ...ends: readonly number[]): Range {
  if (!ends.every(Number.isFinite)) return ANY_NUMBER;
  return { min: Math.min(...ends), max: Math.max(...ends), nonZero: false, whole };
}

/** What is left of `a` when `a op b` holds for some value of `b`; null: nothing, it never holds. */
export function holding(op: "<" | "<=" | ">" | ">=" | "==" | "!=", a: Range, b: Range): Range | null {
  switch (op) {
    case "<":
      return range(a.min, Math.min(a.max, below(b.max)), a);
    case "<=":
      return range(a.min, Math.min(a.max, b.max), a);
    case ">":
      return range(Math.max(a.min, above(b.min)), a.max, a);
    case ">=":
      return range(Math.max(a.min, b.min), a.max, a);
    case "==":
      return intersect(a, b);
    case "!=":
      if (!isPoint(b)) return a;
      if (b.min === 0) return range(a.min, a.max, { nonZero: true, whole: a.whole });
      return isPoint(a) && a.min === b.min ? null : a;
  }
}

/** Least double above `value`. */
function above(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  if (!Number.isFinite(value)) return value === Number.NEGATIVE_INFINITY ? -Number.MAX_VALUE : value;
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0] = (bits[0] as bigint) + (value > 0 ? 1n : -1n);
  return new Float64Array(bits.buffer)[0] as number;
}

function below(value: number): number {
  return -above(-value);
}

/** `at least 1`, `above 5`, `from 0 to 1`, `7`; a bound that is only there because numbers end is left out. */
export function describeRange({ min, max }: Range): string {
  if (min === max) return String(min);
  const [low, high] = [min > -BOUNDLESS, max < BOUNDLESS];
  if (!low && !high) return "any number";
  const [under, over] = [below(min), above(max)];
  const [openLow, openHigh] = [isShorter(under, min), isShorter(over, max)];
  if (low && high && !openLow && !openHigh) return `from ${min} to ${max}`;
  const ends = [];
  if (low) ends.push(openLow ? `above ${under}` : `at least ${min}`);
  if (high) ends.push(openHigh ? `below ${over}` : `at most ${max}`);
  return ends.join(" and ");
}

const BOUNDLESS = 1e12;

function isShorter(a: number, b: number): boolean {
  return String(a).length < String(b).length;
}
