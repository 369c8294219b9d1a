/** All figures of one run, as the JSON report has them. */
import { type Alerts, alertsOf, cardPrecision } from "./alerts.ts";
import { type Spread, spreadOf } from "./bootstrap.ts";
import { CARDS_PER_DAY, type Protocol } from "./protocol.ts";
import { curvesOf, FPRS, orderOf, type Point, rankingOf } from "./ranking.ts";
import type { Training } from "./retraining.ts";
import type { Run } from "./run.ts";
import { type Calibrated, calibratedOf, driftOf, type Week } from "./trust.ts";

export type Figures = {
  readonly ap: number;
  readonly auc: number;
  /** At each of `fprs`. */
  readonly recallAt: readonly number[];
  readonly cardPrecision: number;
};

export type Report = {
  readonly ruleset: string;
  readonly data: string;
  readonly protocol: Protocol;
  readonly rows: number;
  readonly scored: number;
  readonly frauds: number;
  readonly rejected: number;
  readonly unlabelled: number;
  readonly leftOut: number;
  readonly seconds: number;
  readonly fprs: readonly number[];
  readonly cardsPerDay: number;
  readonly figures: Figures;
  /** Standard errors. */
  readonly spread: Spread;
  readonly alerts: Alerts;
  /** What the ruleset's own thresholds stop. */
  readonly stopped: {
    readonly share: number;
    readonly precision: number;
    readonly recall: number;
    readonly fpr: number;
  };
  readonly calibration: Calibrated;
  readonly weeks: readonly Week[];
  readonly trainings: readonly Training[];
  readonly curves: { readonly precision: readonly Point[]; readonly roc: readonly Point[] };
};

export type About = { readonly data: string; readonly protocol: Protocol; readonly seconds: number };

/** Needs a fraud and a genuine row at least. */
export function reportOf(run: Run, { data, protocol, seconds }: About): Report {
  const { scored, label, trainings, rows, rejected, unlabelled, leftOut } = run;
  const { scores, frauds, timesMs } = scored;
  const order = orderOf(scores);
  const fromMs =
    protocol.fromMs ?? timesMs.reduce((least, timeMs) => Math.min(least, timeMs), Number.POSITIVE_INFINITY);
  return {
    ruleset: label,
    data,
    protocol,
    rows,
    scored: scored.length,
    frauds: frauds.reduce((sum, fraud) => sum + fraud, 0),
    rejected,
    unlabelled,
    leftOut,
    seconds,
    fprs: FPRS,
    cardsPerDay: CARDS_PER_DAY,
    figures: { ...rankingOf(scores, frauds, order), cardPrecision: cardPrecision(scored, CARDS_PER_DAY) },
    spread: spreadOf(scored),
    alerts: alertsOf(scored, protocol.alertsPerDay),
    stopped: stoppedOf(scored),
    calibration: calibratedOf(scored),
    weeks: driftOf(scored, fromMs),
    trainings,
    curves: curvesOf(scores, frauds, order),
  };
}

function stoppedOf({ frauds, stopped, length }: Run["scored"]): Report["stopped"] {
  let [all, hits, positives] = [0, 0, 0];
  for (let row = 0; row < length; row += 1) {
    all += stopped[row] as number;
    positives += frauds[row] as number;
    hits += (stopped[row] as number) * (frauds[row] as number);
  }
  return {
    share: all / length,
    precision: hits / all,
    recall: hits / positives,
    fpr: (all - hits) / (length - positives),
  };
}
