/** What the service exports; README.md and the board name these. Figures are gauges: they begin anew with each start. */
import type { Metrics } from "@weir/service";
import { SCORE_EDGES } from "./scores.ts";
import { TRUTHS } from "./tally.ts";

export const OUTCOMES = ["approve", "review", "decline"] as const;
const LABEL_RESULTS = ["counted", "too_late", "unmatched", "forgotten"] as const;

export type QualityMetrics = ReturnType<typeof qualityMetrics>;

/** `rule`: those of the ruleset, so that one without a hit is seen; `currency`: those that it lists. */
export function qualityMetrics(
  metrics: Metrics,
  { rule, currency }: Readonly<Record<"rule" | "currency", readonly string[]>>,
) {
  const truth = TRUTHS;
  return {
    payments: metrics.gauge({
      name: "weir_quality_payments",
      help: "Payments decided, by what became of them",
      labels: { outcome: OUTCOMES, truth },
    }),
    money: metrics.gauge({
      name: "weir_quality_money",
      help: "Their amounts, in major units",
      labels: { outcome: OUTCOMES, currency, truth },
    }),
    ruleHits: metrics.gauge({
      name: "weir_quality_rule_hits",
      help: "Payments that a rule hit, monitors and the model too; 0 of all: a rule that may go",
      labels: { rule, truth },
    }),
    ruleMoney: metrics.gauge({
      name: "weir_quality_rule_money",
      help: "Amounts of payments that a rule hit, in major units",
      labels: { rule, currency, truth },
    }),
    rulePrecision: metrics.gauge({
      name: "weir_quality_rule_precision",
      help: "Of payments that a rule hit and whose labels have had their time, the share that was fraud; NaN without any",
      labels: { rule },
    }),
    precision: metrics.gauge({
      name: "weir_quality_precision",
      help: "Of payments that were stopped and whose labels have had their time, the share that was fraud; NaN without any",
    }),
    recall: metrics.gauge({
      name: "weir_quality_recall",
      help: "Of payments that are known to be fraud, the share that was stopped; NaN without any",
    }),
    alertRatio: metrics.gauge({
      name: "weir_quality_alert_ratio",
      help: "Of payments decided, the share that was stopped; NaN without any",
    }),
    scores: metrics.gauge({
      name: "weir_quality_score_ratio",
      help: "Share of scores from this one up to the next: of the last period that is over, and of those before",
      labels: { score: SCORE_EDGES.map(String), period: ["last", "before"] },
    }),
    shift: metrics.gauge({
      name: "weir_quality_score_shift",
      help: "Population stability index of these two; NaN until there are both",
    }),
    eventTime: metrics.gauge({
      name: "weir_quality_event_time_seconds",
      help: "The newest event time of a decision, since 1970",
    }),
    kept: metrics.gauge({ name: "weir_quality_kept_payments", help: "Payments that wait for their labels" }),
    waiting: metrics.gauge({
      name: "weir_quality_waiting_labels",
      help: "Labels that do not count yet, or whose payment has not come",
    }),
    decisions: metrics.counter({ name: "weir_quality_decisions_total", help: "Decisions joined with labels" }),
    labels: metrics.counter({
      name: "weir_quality_labels_total",
      help: "Labels by whether they count: for a payment, too long after it, for none, given up since too many waited",
      labels: { result: LABEL_RESULTS },
    }),
    unlabelled: metrics.counter({
      name: "weir_quality_unlabelled_total",
      help: "Payments whose wait was over without a label",
    }),
    forgotten: metrics.counter({
      name: "weir_quality_forgotten_total",
      help: "Payments that were given up before their wait was over, since too many waited",
    }),
    late: metrics.counter({ name: "weir_quality_late_total", help: "Decisions that are older than all figures" }),
    unreadable: metrics.counter({
      name: "weir_quality_unreadable_total",
      help: "Records that are no decision or no label",
      labels: { of: ["decisions", "labels"] },
    }),
    skipped: metrics.counter({
      name: "weir_quality_skipped_offsets_total",
      help: "Offsets that the topics did not keep until they were read",
    }),
  };
}
