/**
 * One registry per service. Every metric is made here with all of its label values, so that each series
 * exists at 0 from the start: a rate() over a counter that appears with its first event misses that event.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Every value a label can take: labels are few and bounded. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

export type MetricSpec<L extends LabelValues> = {
  /** Prometheus naming: `weir_<what>_<unit>`, `_total` for counters. */
  readonly name: string;
  readonly help: string;
  readonly labels?: L;
};

export type BuildInfo = { readonly service: string; readonly version: string; readonly node: string };

/** Upper bounds in seconds, 1 ms to 30 s: for latencies and durations. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.045, 0.07, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
];

/** How old the text of the metrics may be. Making it takes some ms, in which nothing is decided. */
export const METRICS_AGE_MS = 200;

/**
 * How often the event loop's delay is looked at, ms. Node's figures are from one look to the next: this much has to be taken
 * off. At the usual 10 ms the looks are a quarter of what an idle detector does.
 */
export const EVENT_LOOP_LOOK_MS = 50;

export class Metrics {
  readonly registry = new Registry();
  #text: { readonly madeMs: number; readonly text: Promise<string> } | null = null;

  /** Adds Node's process metrics and `weir_build_info`. */
  constructor(build: BuildInfo) {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS });
    const info = new Gauge({
      name: "weir_build_info",
      help: "Always 1; its labels say what is running",
      labelNames: ["version", "node", "service"],
      registers: [this.registry],
    });
    info.set({ version: build.version, node: build.node, service: build.service }, 1);
  }

  /** For Prometheus; whoever asks again within 200 ms is given the same. */
  text(): Promise<string> {
    const nowMs = performance.now();
    if (this.#text === null || nowMs - this.#text.madeMs >= METRICS_AGE_MS)
      this.#text = { madeMs: nowMs, text: this.registry.metrics() };
    return this.#text.text;
  }

  counter<const L extends LabelValues = Record<never, never>>(spec: MetricSpec<L>): Counter<keyof L & string> {
    const counter = new Counter({ ...this.#config(spec) });
    for (const labels of combinations<L>(spec.labels)) counter.inc(labels, 0);
    return counter;
  }

  gauge<const L extends LabelValues = Record<never, never>>(spec: MetricSpec<L>): Gauge<keyof L & string> {
    const gauge = new Gauge({ ...this.#config(spec) });
    for (const labels of combinations<L>(spec.labels)) gauge.set(labels, 0);
    return gauge;
  }

  /** Buckets are upper bounds in the metric's unit; the default suits durations in seconds. */
  histogram<const L extends LabelValues = Record<never, never>>(
    spec: MetricSpec<L> & { readonly buckets?: readonly number[] },
  ): Histogram<keyof L & string> {
    const buckets = [...(spec.buckets ?? DURATION_BUCKETS_SECONDS)];
    const histogram = new Histogram({ ...this.#config(spec), buckets });
    for (const labels of combinations<L>(spec.labels)) histogram.zero(labels);
    return histogram;
  }

  #config<L extends LabelValues>(spec: MetricSpec<L>) {
    return {
      name: spec.name,
      help: spec.help,
      labelNames: Object.keys(spec.labels ?? {}) as (keyof L & string)[],
      registers: [this.registry],
    };
  }
}

type LabelSet<L extends LabelValues> = Partial<Record<keyof L & string, string>>;

/** Every combination of label values; one empty set when there are no labels. */
function combinations<L extends LabelValues>(labels: L | undefined): LabelSet<L>[] {
  let sets: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels ?? {})) {
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value })));
  }
  return sets as LabelSet<L>[];
}
