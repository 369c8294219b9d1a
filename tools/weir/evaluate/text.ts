/** A report as lines for a terminal. */
import { formatDuration } from "@weir/engine";
import { count, share } from "../../cli/format.ts";
import { REPLICATES, type Spread } from "./bootstrap.ts";
import type { Report } from "./report.ts";
import type { Training } from "./retraining.ts";

export function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

export function trainingLine(training: Training): string {
  const { atMs, fromMs, toMs, rows, frauds } = training;
  const on = `${count(rows)} payments of ${day(fromMs)} to ${day(toMs)}, ${count(frauds)} frauds`;
  return "poverty" in training
    ? `${day(atMs)}  no model: ${training.poverty}`
    : `${day(atMs)}  ${training.label} from ${on}; AP ${fixed(training.laterAp)} on the last of them; ${training.seconds.toFixed(1)} s`;
}

/** Figures by name, so that two rulesets' stand side by side. `error`: null where there is none. */
export function figuresOf(report: Pick<Report, "figures" | "spread" | "fprs" | "cardsPerDay">) {
  const { figures, spread, fprs, cardsPerDay } = report;
  return [
    { name: "average precision (AP)", value: figures.ap, error: spread.ap },
    { name: "area under ROC (AUC)", value: figures.auc, error: spread.auc },
    ...fprs.map((fpr, index) => ({
      name: `recall at FPR ${100 * fpr} %`,
      value: figures.recallAt[index] as number,
      error: spread.recallAt[index] as number,
    })),
    { name: `card precision@${cardsPerDay} a day`, value: figures.cardPrecision, error: null },
  ] as const;
}

export function lines(report: Report): string[] {
  const { alerts, stopped, calibration, weeks, trainings } = report;
  const row = (name: string, value: string): string => `  ${name.padEnd(30)} ${value}`;
  return [
    `${count(report.scored)} payments scored by ${report.ruleset}, ${count(report.frauds)} of them fraud; ${count(report.rows)} rows in ${report.seconds.toFixed(0)} s`,
    ...notScored(report),
    "",
    ...figuresOf(report).map(({ name, value, error }) =>
      row(name, `${fixed(value)}${error === null ? "" : ` ± ${fixed(error)}`}`),
    ),
    "",
    `With ${count(alerts.perDay)} alerts a day, over ${alerts.days} days:`,
    row("of them fraud", share(alerts.precision, 1)),
    row("frauds found", share(alerts.recall, 1)),
    row("money saved", `${share(alerts.moneySaved, alerts.moneyInFrauds)} of ${count(alerts.moneyInFrauds)}`),
    ...alerts.scenarios.map(({ scenario, frauds, recall, victims, victimsFound, victimIs, medianDelayMs }) =>
      row(
        `scenario ${scenario}`,
        `${share(recall, 1)} of ${count(frauds)} frauds; ${count(victimsFound)} of ${count(victims)} ${victimIs}s, ` +
          `the median ${medianDelayMs === null ? "never" : `${formatDuration(roundedMs(medianDelayMs))} after its first`}`,
      ),
    ),
    "",
    `Its thresholds stop ${share(stopped.share, 1)} of all payments, ${share(stopped.fpr, 1)} of the genuine ones: ${share(stopped.precision || 0, 1)} of them fraud, ${share(stopped.recall, 1)} of the frauds.`,
    "",
    `Scores at their word: mean error ${fixed(calibration.error, 4)}, Brier ${fixed(calibration.brier, 4)}`,
    ...calibration.bins.map((bin) =>
      row(
        `${String(bin.from).padEnd(6)} on`,
        `${count(bin.count).padStart(10)}   scored ${fixed(bin.meanScore, 4)}   fraud ${fixed(bin.fraudShare, 4)}`,
      ),
    ),
    "",
    "Week       payments  frauds  PSI of the scores",
    ...weeks.map(
      (week) =>
        `${day(week.fromMs)} ${count(week.rows).padStart(8)} ${count(week.frauds).padStart(7)}  ${fixed(week.psi)}`,
    ),
    ...(trainings.length === 0 ? [] : ["", "Models:", ...trainings.map(trainingLine)]),
    "",
    `± is one standard error, over ${REPLICATES} draws of the customers.`,
  ];
}

/** A table of two reports over the same rows, with the standard error of the difference. */
export function comparison(a: Report, b: Report, spread: Spread): string[] {
  const errors = [spread.ap, spread.auc, ...spread.recallAt, null];
  const [left, right] = [figuresOf(a), figuresOf(b)];
  const row = (name: string, ...cells: readonly string[]): string =>
    `  ${name.padEnd(30)}${cells.map((cell) => cell.padStart(14)).join("")}`;
  const money = ({ alerts }: Report): string => share(alerts.moneySaved, alerts.moneyInFrauds);
  return [
    `A  ${a.ruleset}`,
    `B  ${b.ruleset}`,
    "",
    row("", "A", "B", "B - A", "±"),
    ...left.map(({ name, value }, index) => {
      const other = right[index]?.value as number;
      const error = errors[index] ?? null;
      return row(name, fixed(value), fixed(other), fixed(other - value), error === null ? "" : fixed(error));
    }),
    row(`frauds in ${count(a.alerts.perDay)} alerts a day`, share(a.alerts.recall, 1), share(b.alerts.recall, 1)),
    row("money saved by them", money(a), money(b)),
    row("genuine ones stopped", share(a.stopped.fpr, 1), share(b.stopped.fpr, 1)),
    row("calibration error", fixed(a.calibration.error, 4), fixed(b.calibration.error, 4)),
  ];
}

function notScored({ rejected, unlabelled, leftOut }: Report): string[] {
  const parts = [
    [rejected, "rejected"],
    [unlabelled, "without a label"],
    [leftOut, "of cards known to be defrauded"],
  ] as const;
  const told = parts.filter(([rows]) => rows > 0).map(([rows, why]) => `${count(rows)} ${why}`);
  return told.length === 0 ? [] : [`not in the figures: ${told.join(", ")}`];
}

function roundedMs(ms: number): number {
  const unitMs = ms >= 86_400_000 ? 3_600_000 : 60_000;
  return Math.round(ms / unitMs) * unitMs;
}

export function fixed(value: number, digits = 3): string {
  return value.toFixed(digits);
}
