/** From what the services export to what the view shows. Pure. */
import {
  byLabel,
  type Histogram,
  histogramOf,
  type PromSample,
  quantile,
  since,
  sumOf,
} from "../process/prometheus.ts";

/** One reading of all services. */
export type Reading = {
  /** Monotonic, ms. */
  readonly atMs: number;
  readonly sent: number;
  /** Due and not sent yet. */
  readonly behind: number;
  /** Never to be sent, since the generator was too far behind. */
  readonly givenUp: number;
  /** Decided or rejected. */
  readonly decided: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Reasons that have occurred. */
  readonly rejected: ReadonlyMap<string, number>;
  /** Labels by whether they found their transaction. */
  readonly labels: ReadonlyMap<string, number>;
  /** What waits, by stage. */
  readonly lags: ReadonlyMap<string, number>;
  readonly lagSeconds: number;
  readonly latency: Histogram;
};

export type Numbers = {
  readonly sent: number;
  readonly sentPerSecond: number;
  readonly behind: number;
  readonly givenUp: number;
  readonly decided: number;
  readonly decidedPerSecond: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly rejected: ReadonlyMap<string, number>;
  readonly labels: ReadonlyMap<string, number>;
  readonly lag: number;
  readonly lags: ReadonlyMap<string, number>;
  readonly lagSeconds: number;
  /** Of the decisions between the two readings, in ms; null when there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
};

export function readingOf(
  atMs: number,
  generator: readonly PromSample[],
  detectors: readonly (readonly PromSample[])[],
): Reading {
  const all = detectors.flat();
  const rejected = byLabel(all, "weir_rejected_total", "reason");
  return {
    atMs,
    sent: sumOf(generator, "weir_generator_transactions_total"),
    behind: sumOf(generator, "weir_generator_behind_transactions"),
    givenUp: sumOf(generator, "weir_generator_forfeited_transactions_total"),
    decided: sumOf(all, "weir_transactions_total"),
    outcomes: byLabel(all, "weir_decisions_total", "outcome"),
    rejected: new Map([...rejected].filter(([, count]) => count > 0)),
    labels: byLabel(all, "weir_labels_total", "result"),
    lags: byLabel(all, "weir_lag_transactions", "stage"),
    lagSeconds: all.reduce((worst, one) => (one.name === "weir_lag_seconds" ? Math.max(worst, one.value) : worst), 0),
    latency: histogramOf(all, "weir_end_to_end_latency_seconds"),
  };
}

/** Totals of the later reading; rates and latencies of the time between the two. */
export function numbersBetween(earlier: Reading, later: Reading): Numbers {
  const seconds = Math.max(0.001, (later.atMs - earlier.atMs) / 1000);
  const latency = since(later.latency, earlier.latency);
  const inMs = (value: number | null): number | null => (value === null ? null : value * 1000);
  return {
    sent: later.sent,
    sentPerSecond: Math.max(0, later.sent - earlier.sent) / seconds,
    behind: later.behind,
    givenUp: later.givenUp,
    decided: later.decided,
    decidedPerSecond: Math.max(0, later.decided - earlier.decided) / seconds,
    outcomes: later.outcomes,
    rejected: later.rejected,
    labels: later.labels,
    lag: total(later.lags),
    lags: later.lags,
    lagSeconds: later.lagSeconds,
    p50Ms: inMs(quantile(0.5, latency)),
    p99Ms: inMs(quantile(0.99, latency)),
  };
}

export function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}
