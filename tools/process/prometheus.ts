/** The text format of Prometheus, read. Pure. */

export type PromSample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/** Lines that are no samples are passed over. */
export function parsePrometheus(text: string): PromSample[] {
  const samples: PromSample[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = LINE.exec(line);
    if (match === null) continue;
    const labels: Record<string, string> = {};
    for (const [, name = "", value = ""] of (match[2] ?? "").matchAll(LABEL)) labels[name] = unescaped(value);
    samples.push({ name: match[1] ?? "", labels, value: numberOf(match[3] ?? "") });
  }
  return samples;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** Upper bound of a bucket (`le`) to the count of observations at or below it. */
export type Histogram = ReadonlyMap<number, number>;

/** The buckets of one histogram, summed over all its label sets and all samples given. */
export function histogramOf(samples: readonly PromSample[], name: string): Histogram {
  const buckets = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const bound = numberOf(sample.labels.le ?? "NaN");
    buckets.set(bound, (buckets.get(bound) ?? 0) + sample.value);
  }
  return new Map([...buckets].sort(([a], [b]) => a - b));
}

/** What was observed between two readings of the same histogram. */
export function since(later: Histogram, earlier: Histogram): Histogram {
  return new Map([...later].map(([bound, count]) => [bound, Math.max(0, count - (earlier.get(bound) ?? 0))]));
}

/**
 * The q-quantile by linear interpolation within its bucket, as Prometheus's histogram_quantile does it; null without
 * observations. In the last, unbounded bucket it is that bucket's lower bound.
 */
export function quantile(q: number, histogram: Histogram): number | null {
  const buckets = [...histogram];
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const rank = q * total;
  let lower = 0;
  let below = 0;
  for (const [bound, count] of buckets) {
    if (count >= rank && count > below) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return lower + ((bound - lower) * (rank - below)) / (count - below);
    }
    lower = bound;
    below = count;
  }
  return lower;
}

/** The sum of a counter or gauge over all its label sets; `where` narrows them down. */
export function sumOf(
  samples: readonly PromSample[],
  name: string,
  where: (labels: Readonly<Record<string, string>>) => boolean = () => true,
): number {
  return samples.reduce((sum, one) => (one.name === name && where(one.labels) ? sum + one.value : sum), 0);
}

/** A counter by the values of one of its labels. */
export function byLabel(samples: readonly PromSample[], name: string, label: string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const sample of samples) {
    if (sample.name !== name) continue;
    const key = sample.labels[label] ?? "";
    sums.set(key, (sums.get(key) ?? 0) + sample.value);
  }
  return sums;
}
