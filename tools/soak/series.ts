/** What is measured of a process, and whether it grows. Pure. */
import { EVENT_LOOP_LOOK_MS } from "@weir/service";
import { type PromSample, sumOf } from "../process/prometheus.ts";

export type Measure = {
  readonly name: string;
  readonly of: (samples: readonly PromSample[]) => number;
  /** Of what is left when the heap's collector has run. */
  readonly held?: boolean;
  /** By how much of its mean it may grow over the time that is judged; null: it may. */
  readonly mayGrow: number | null;
  /** It may grow by so much anyway, in its own unit. */
  readonly slack: number;
};

const MIB = 2 ** 20;

const resources = (samples: readonly PromSample[], types: readonly string[]): number =>
  sumOf(
    samples.filter(({ labels }) => types.includes(labels.type ?? "")),
    "nodejs_active_resources",
  );

const heapMib = (samples: readonly PromSample[]): number => sumOf(samples, "nodejs_heap_size_used_bytes") / MIB;

/** What is in use goes up and down by the collector, what is held stands still. */
export const MEASURES: readonly Measure[] = [
  {
    name: "memory, MiB",
    of: (samples) => sumOf(samples, "process_resident_memory_bytes") / MIB,
    mayGrow: 0.1,
    slack: 10,
  },
  {
    name: "heap in use, MiB",
    of: heapMib,
    mayGrow: null,
    slack: 0,
  },
  {
    name: "heap held, MiB",
    of: heapMib,
    held: true,
    mayGrow: 0.1,
    slack: 5,
  },
  {
    name: "held outside the heap, MiB",
    of: (samples) => sumOf(samples, "nodejs_external_memory_bytes") / MIB,
    held: true,
    mayGrow: 0.1,
    slack: 10,
  },
  { name: "connections", of: (samples) => resources(samples, ["TCPSocketWrap"]), mayGrow: 0, slack: 3 },
  { name: "handles", of: (samples) => sumOf(samples, "nodejs_active_resources_total"), mayGrow: 0.1, slack: 10 },
  { name: "open files", of: (samples) => sumOf(samples, "process_open_fds"), mayGrow: 0, slack: 3 },
  {
    name: "event loop's delay p99, ms",
    of: (samples) => sumOf(samples, "nodejs_eventloop_lag_p99_seconds") * 1_000 - EVENT_LOOP_LOOK_MS,
    mayGrow: null,
    slack: 0,
  },
];

export type Point = {
  readonly atMs: number;
  readonly samples: readonly PromSample[];
  /** The same when the heap's collector has run; null: it was not asked to. */
  readonly held: readonly PromSample[] | null;
};

/** Of the points that have it. */
export function seriesOf({ of, held = false }: Measure, points: readonly Point[]): [atMs: number, value: number][] {
  return points.flatMap((point): [number, number][] => {
    const samples = held ? point.held : point.samples;
    return samples === null ? [] : [[point.atMs, of(samples)]];
  });
}

export type Row = {
  readonly name: string;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
  /** By a straight line through what is judged: its rise from there to the end. */
  readonly grew: number;
  /** How far off `grew` may be, since the points do not lie on the line: twice its standard error. */
  readonly error: number;
  readonly allowed: number | null;
  readonly isFine: boolean;
};

/** The first third is warming up, and not judged. */
export function judgedOf<T>(points: readonly T[]): T[] {
  return points.slice(Math.floor(points.length / 3));
}

/** Of at least 3 points. */
export function rowOf(measure: Measure, points: readonly Point[]): Row {
  const { name, mayGrow, slack } = measure;
  const judged = judgedOf(seriesOf(measure, points));
  const values = judged.map(([, value]) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [from = 0, to = 0] = [judged[0]?.[0], judged.at(-1)?.[0]];
  const { slope, standardError } = lineThrough(judged);
  const [grew, error] = [slope * (to - from), 2 * standardError * (to - from)];
  const allowed = mayGrow === null ? null : Math.max(slack, mayGrow * mean);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { name, least, mean, most, grew, error, allowed, isFine: allowed === null || grew - error <= allowed };
}

/**
 * The straight line through the points by least squares: 0 for less than two points, and no error for less than three.
 * The slope's standard error is the root of (the squares of the residuals / (n - 2)) / the squares of x about its mean.
 */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): {
  readonly slope: number;
  readonly standardError: number;
} {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const [over, under] = points.reduce(
    ([xy, xx], [x, y]) => [xy + (x - meanX) * (y - meanY), xx + (x - meanX) ** 2],
    [0, 0],
  );
  const slope = under === 0 ? 0 : over / under;
  const residuals = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const standardError = count < 3 || under === 0 ? 0 : Math.sqrt(residuals / (count - 2) / under);
  return { slope, standardError };
}
