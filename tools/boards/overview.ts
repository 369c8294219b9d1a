/** Is all well, and does it keep what was promised? The first board that anybody opens. */
import { board, lines, stat } from "./board.ts";
import { perSecond, quantile, share, total, worst } from "./promql.ts";

const STOPPED = 'weir_decisions_total{outcome=~"review|decline"}';

/** 30 days of budget would be used up in 30 / rate days; the alerts' own recorded ratios, of a budget of 0.1 %. */
const burnRate = (ratio: string): string => `${ratio} / 0.001`;

export const overview = board({
  uid: "weir",
  title: "Weir",
  about: "Transactions in, decisions out, and whether both promises are kept: decided within a second, never behind.",
  rows: [
    {
      title: "Now",
      panels: [
        stat({
          title: "Rate in",
          about: "Transactions that the detectors took from the input and decided or rejected.",
          unit: "suffix: tx/s",
          width: 4,
          queries: { in: perSecond("weir_transactions_total") },
        }),
        stat({
          title: "Behind",
          about:
            "Age of the newest decided transaction while others wait, in the worst partition; 0 when none waits. Alerted above 30 s.",
          unit: "s",
          width: 4,
          limits: { orange: 5, red: 30 },
          queries: { behind: worst("weir_lag_seconds") },
        }),
        stat({
          title: "Latency, p99",
          about: "From the transaction's record to its decision's commit: 99 of 100 are quicker.",
          unit: "s",
          width: 4,
          limits: { orange: 0.1, red: 1 },
          queries: { p99: quantile(0.99, "weir_end_to_end_latency_seconds") },
        }),
        stat({
          title: "Stopped",
          about: "Share of the decisions that are review or decline, and so go to the fraud topic.",
          unit: "percentunit",
          width: 4,
          queries: { stopped: share(STOPPED, "weir_decisions_total") },
        }),
        stat({
          title: "Rejected",
          about:
            "Share of the input that could not be decided; labels apart. The money in it is undecided. Alerted above 5 %.",
          unit: "percentunit",
          width: 4,
          limits: { orange: 0.01, red: 0.05 },
          queries: { rejected: share('weir_rejected_total{stage!="labels"}', "weir_transactions_total") },
        }),
        stat({
          title: "Detectors",
          about: "Detectors that answer Prometheus.",
          unit: "short",
          width: 4,
          queries: { detectors: 'sum(up{job="weir-detector"})' },
        }),
      ],
    },
    {
      title: "What was promised",
      panels: [
        lines({
          title: "Decided late",
          about:
            "How fast the budget of decisions that took more than a second is used up: at 1 it lasts 30 days. Alerted at 14.4 over an hour, at 6 over six hours.",
          unit: "suffix: x",
          width: 12,
          queries: {
            "over 5 minutes": burnRate("weir:decisions_late:ratio_rate5m"),
            "over an hour": burnRate("weir:decisions_late:ratio_rate1h"),
            "over 6 hours": burnRate("weir:decisions_late:ratio_rate6h"),
          },
        }),
        lines({
          title: "Behind or restoring",
          about:
            "How fast the budget of time in which decisions are more than 10 s behind, or a state is being restored, or nobody answers is used up: at 1 it lasts 30 days.",
          unit: "suffix: x",
          width: 12,
          queries: {
            "over 5 minutes": burnRate("weir:stale:ratio5m"),
            "over an hour": burnRate("weir:stale:ratio1h"),
            "over 6 hours": burnRate("weir:stale:ratio6h"),
          },
        }),
      ],
    },
    {
      title: "The last minutes",
      panels: [
        lines({
          title: "Rate",
          about:
            "What the generator was asked for, what it sends, and what the detectors decide or reject. The lines lie on each other when all is well.",
          unit: "suffix: tx/s",
          width: 12,
          queries: {
            "asked for": total("weir_generator_target_transactions_per_second"),
            sent: perSecond("weir_generator_transactions_total"),
            "decided or rejected": perSecond("weir_transactions_total"),
          },
        }),
        lines({
          title: "End-to-end latency",
          about: "From the timestamp of the transaction's record to the commit of its decision.",
          unit: "s",
          width: 12,
          style: "log",
          queries: {
            p50: quantile(0.5, "weir_end_to_end_latency_seconds"),
            p95: quantile(0.95, "weir_end_to_end_latency_seconds"),
            p99: quantile(0.99, "weir_end_to_end_latency_seconds"),
          },
        }),
        lines({
          title: "Decisions by outcome",
          about: "approve goes to the legit topic, review and decline to the fraud topic.",
          unit: "suffix: tx/s",
          width: 12,
          style: "stacked",
          queries: { "{{outcome}}": perSecond("weir_decisions_total", "outcome") },
        }),
        lines({
          title: "Memory",
          about: "Resident memory of each service. A detector's grows with the keys that it holds.",
          unit: "bytes",
          width: 12,
          queries: { "{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"weir-.*"}' },
        }),
      ],
    },
  ],
});
