/** Brings the metrics to what the join says: one function for each thing worth telling. */
import type { Plan } from "@weir/engine";
import { minorExponent, type Outcome } from "@weir/schema";
import type { Metrics } from "@weir/service";
import type { Figures, LiveQuality } from "./live-quality.ts";
import { OUTCOMES, type QualityMetrics, qualityMetrics } from "./metrics.ts";
import { ruleNames } from "./payment.ts";
import { SCORE_EDGES } from "./scores.ts";
import { type ByTruth, type Sums, TRUTHS } from "./tally.ts";

export type Report = {
  readonly show: (quality: LiveQuality) => void;
  readonly unreadable: (of: "decisions" | "labels") => void;
  readonly skipped: (offsets: number) => void;
};

export function createReport(registry: Metrics, plan: Plan): Report {
  const rules = ruleNames(plan);
  const currencies = new Set(plan.currencies);
  const metrics = qualityMetrics(registry, { rule: rules, currency: [...currencies] });
  const shown = new Map<string, number>();
  /** What a counter is to be at; it never falls. */
  const reach = (name: string, value: number, inc: (by: number) => void): void => {
    inc(value - (shown.get(name) ?? 0));
    shown.set(name, value);
  };
  return {
    show(quality) {
      const figures = quality.figures();
      for (const { names } of figures.all.money) currencies.add(names[1] as string);
      showPayments(metrics, figures, currencies);
      showRules(metrics, figures, { rules, currencies });
      showScores(metrics, figures);
      metrics.eventTime.set(Math.max(0, quality.streamMs) / 1000);
      metrics.kept.set(quality.kept);
      metrics.waiting.set(quality.waitingLabels);
      const { labels, ...counts } = quality.counts;
      for (const name of ["decisions", "late", "unlabelled", "forgotten"] as const)
        reach(name, counts[name], (by) => metrics[name].inc(by));
      for (const [result, count] of [
        ["counted", labels.counted],
        ["too_late", labels.tooLate],
        ["unmatched", labels.unmatched],
        ["forgotten", labels.forgotten],
      ] as const)
        reach(result, count, (by) => metrics.labels.inc({ result }, by));
    },
    unreadable: (of) => metrics.unreadable.inc({ of }),
    skipped: (offsets) => metrics.skipped.inc(offsets),
  };
}

function showPayments(metrics: QualityMetrics, { all, ripe }: Figures, currencies: ReadonlySet<string>): void {
  for (const outcome of OUTCOMES)
    for (const truth of TRUTHS) {
      metrics.payments.set({ outcome, truth }, all.payments.of(outcome)[truth]);
      for (const currency of currencies)
        metrics.money.set({ outcome, currency, truth }, major(all.money.of(outcome, currency)[truth], currency));
    }
  const count = (sums: Sums, outcomes: readonly Outcome[], truths: readonly (keyof ByTruth)[]): number =>
    outcomes.reduce((sum, outcome) => sum + totalOf(sums.of(outcome), truths), 0);
  metrics.precision.set(count(ripe.payments, STOPPED, ["fraud"]) / count(ripe.payments, STOPPED, TRUTHS));
  metrics.recall.set(count(all.payments, STOPPED, ["fraud"]) / count(all.payments, OUTCOMES, ["fraud"]));
  metrics.alertRatio.set(count(all.payments, STOPPED, TRUTHS) / count(all.payments, OUTCOMES, TRUTHS));
}

const STOPPED = ["review", "decline"] as const;

function showRules(
  metrics: QualityMetrics,
  { all, ripe }: Figures,
  { rules, currencies }: { readonly rules: readonly string[]; readonly currencies: ReadonlySet<string> },
): void {
  for (const rule of rules) {
    for (const truth of TRUTHS) {
      metrics.ruleHits.set({ rule, truth }, all.hits.of(rule)[truth]);
      for (const currency of currencies)
        metrics.ruleMoney.set({ rule, currency, truth }, major(all.hitMoney.of(rule, currency)[truth], currency));
    }
    const hits = ripe.hits.of(rule);
    metrics.rulePrecision.set({ rule }, hits.fraud / totalOf(hits, TRUTHS));
  }
}

function showScores(metrics: QualityMetrics, { scores, shift }: Figures): void {
  for (const period of ["last", "before"] as const) {
    const total = scores[period].reduce((sum, count) => sum + count, 0);
    for (const [bin, edge] of SCORE_EDGES.entries())
      metrics.scores.set({ score: String(edge), period }, total === 0 ? 0 : (scores[period][bin] as number) / total);
  }
  metrics.shift.set(shift);
}

function totalOf(sums: Readonly<ByTruth>, truths: readonly (keyof ByTruth)[]): number {
  return truths.reduce((sum, truth) => sum + sums[truth], 0);
}

function major(minor: number, currency: string): number {
  return minor / 10 ** minorExponent(currency);
}
