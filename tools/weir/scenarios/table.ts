/** The figures of trials as lines. Pure. */
import { count } from "../../cli/format.ts";
import type { AttackScore, Score } from "./score.ts";

export type TrialResult = {
  readonly scenario: string;
  readonly genuine: number;
  readonly frauds: number;
  readonly falsePositiveRate: number;
  /** Of all payments: stopped for a person or for good. */
  readonly alertShare: number;
  /** Of the alerts: frauds. */
  readonly precision: number;
  readonly attacks: readonly AttackScore[];
  readonly falseAlertsByRule: readonly { readonly rule: string; readonly times: number }[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly late: number;
  readonly labels: Score["labels"];
};

export function resultOf(scenario: string, score: Score): TrialResult {
  const { genuine, frauds, falsePositiveRate, alerts, falseAlerts, late, labels } = score;
  return {
    scenario,
    genuine,
    frauds,
    falsePositiveRate,
    alertShare: alerts / (genuine + frauds),
    precision: alerts === 0 ? 0 : 1 - falseAlerts / alerts,
    attacks: score.attacks(),
    falseAlertsByRule: score.falseAlertsByRule(),
    rejected: Object.fromEntries(score.rejections),
    late,
    labels,
  };
}

export const HEAD =
  "scenario              attack                  frauds   recall   episodes found       delay   false positives";

/** For people, as a trial ends. */
export function rowsOf(result: TrialResult): string[] {
  const { scenario, attacks, falsePositiveRate, precision, alertShare, falseAlertsByRule, rejected, late } = result;
  const rows = attacks.map(
    (one) =>
      `${scenario.padEnd(20)}  ${one.attack.padEnd(20)}  ${count(one.payments).padStart(8)}  ${percent(one.alerts / one.payments).padStart(7)}` +
      `  ${`${count(one.found)} of ${count(one.episodes)}`.padStart(15)}  ${delayText(one.delayMs).padStart(10)}   ${percent(falsePositiveRate, 2)}`,
  );
  const wrong = falseAlertsByRule.map(({ rule, times }) => `${rule} ${count(times)}`).join(", ");
  const odd = Object.entries(rejected).map(([reason, times]) => `${reason} ${count(times)}`);
  if (late > 0) odd.push(`late ${count(late)}`);
  const notes = [`alerts ${percent(alertShare, 2)} of all, ${percent(precision)} of them right`];
  if (wrong !== "") notes.push(`wrong by ${wrong}`);
  if (odd.length > 0) notes.push(odd.join(", "));
  return [...rows, `  ${notes.join("; ")}`];
}

/** Markdown. */
export function tableOf(results: readonly TrialResult[]): string[] {
  const rows = results.flatMap(({ scenario, attacks, falsePositiveRate }) =>
    attacks.map(({ attack, payments, alerts, episodes, found, delayMs }) => {
      const cells = [
        scenario,
        attack,
        count(payments),
        percent(alerts / payments),
        percent(found / episodes),
        delayText(delayMs),
        percent(falsePositiveRate, 2),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  );
  const head = "| scenario | attack | frauds | recall | episodes found | median delay | false positives |";
  return [head, "|---|---|---|---|---|---|---|", ...rows];
}

function percent(part: number, decimals = 1): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(decimals)} %` : "-";
}

/** `0 s`, `12 min`, `7.5 d`; `-` if none was found. */
export function delayText(delayMs: number | null): string {
  if (delayMs === null) return "-";
  for (const [unit, ms] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
  ] as const)
    if (delayMs >= ms) return `${(delayMs / ms).toFixed(1)} ${unit}`;
  return `${Math.round(delayMs / 1_000)} s`;
}
