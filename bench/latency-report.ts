/** Table and plot of latencies. Pure. */
import { svgOf } from "./engine/svg.ts";
import type { JobName } from "./jobs.ts";
import { markdownTable, median } from "./report.ts";

export type Latency = {
  readonly kind: "latency";
  readonly job: JobName;
  readonly contender: string;
  /** Payments due a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly partitions: number;
  readonly keys: number;
  /** Decisions that had not come long after the end: the contender does not keep up. */
  readonly missing: number;
  readonly ms: Readonly<Record<(typeof PERCENTILES)[number], number>>;
  /** How late the latest payment was sent; it is part of the latencies. */
  readonly senderLatestMs: number;
  /** Of one core. */
  readonly cpu: number;
  readonly brokerCpu: number;
  readonly spinMs: number;
};

const PERCENTILES = ["p50", "p90", "p99", "p999", "max"] as const;

/** Medians over the runs of each job, rate and contender, as Markdown. */
export function latencyReport(runs: readonly Latency[]): string {
  const rows = groups(runs).map((own) => {
    const { job, rate, contender } = own[0] as Latency;
    const share = (of: (run: Latency) => number): string => `${(median(own.map(of)) * 100).toFixed(0)} %`;
    return [
      job,
      rate.toLocaleString("en"),
      contender,
      ...PERCENTILES.map((name) => cell(own, name)),
      share(({ cpu }) => cpu),
      share(({ brokerCpu }) => brokerCpu),
      String(own.length),
    ];
  });
  const head = ["job", "tx/s", "ms of", "p50", "p90", "p99", "p99.9", "max", "CPU", "broker's", "runs"];
  const spins = median(runs.map(({ spinMs }) => spinMs));
  return `${markdownTable([head, ...rows])}\n\nMedians. A loop of 300,000,000 additions took ${spins.toFixed(0)} ms.\n`;
}

/** p99 over the rate; runs that fell behind are left out. */
export function latencyPlot(runs: readonly Latency[]): string {
  const kept = groups(runs.filter(({ missing }) => missing === 0));
  const lines = [...Map.groupBy(kept, ([run]) => `${run?.contender}, ${run?.job}`)].map(([name, own]) => ({
    name,
    points: own
      .map((of) => [of[0]?.rate ?? Number.NaN, median(of.map(({ ms }) => ms.p99))] as const)
      .sort(([a], [b]) => a - b),
  }));
  return svgOf({
    title: "99th percentile from due to decided, as a read_committed reader sees it",
    x: "payments a second",
    y: "ms",
    lines,
  });
}

function groups(runs: readonly Latency[]): Latency[][] {
  return [...Map.groupBy(runs, ({ job, rate, contender }) => `${job} ${rate} ${contender}`).values()];
}

function cell(runs: readonly Latency[], name: (typeof PERCENTILES)[number]): string {
  if (runs.some(({ missing }) => missing > 0)) return "behind";
  const ms = median(runs.map((run) => run.ms[name]));
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}
