/** What is known about a model: where it comes from, and how good it was on payments that it had not seen. */

import type { TrainedModel } from "@weir/engine";
import { probabilityOf } from "@weir/model";
import { orderOf, type Ranking, rankingOf } from "../evaluate/ranking.ts";
import { calibratedOf } from "../evaluate/trust.ts";
import { rowAt, type Table } from "../training/table.ts";

export type Part = { readonly from: string; readonly to: string; readonly rows: number; readonly frauds: number };

export type Card = {
  readonly model: string;
  readonly sha256: string;
  /** Name and version of the ruleset, and the hash of its document. */
  readonly ruleset: string;
  readonly documentHash: string;
  readonly library: string;
  readonly settings: object;
  readonly features: readonly string[];
  readonly trainedOn: Part;
  /** The last part of it, scored by a model of the part before. */
  readonly triedOn: Part & Ranking & { readonly calibrationError: number; readonly brier: number };
  /** The scores from which so many alerts a day would have come in that part. */
  readonly thresholds: readonly { readonly alertsPerDay: number; readonly score: number }[];
};

const DAY_MS = 86_400_000;
const BUDGETS = [10, 20, 50, 100, 200, 500] as const;

export function partOf({ timesMs, frauds }: Table, from: number, to: number): Part {
  const text = (index: number): string => new Date(timesMs[index] ?? 0).toISOString();
  const known = frauds.subarray(from, to).reduce((sum, fraud) => sum + fraud, 0);
  return { from: text(from), to: text(to - 1), rows: to - from, frauds: known };
}

/** `scores`: of the rows of the table from `split` on. */
export function triedOn(table: Table, split: number, scores: Float64Array): Card["triedOn"] {
  const frauds = table.frauds.subarray(split);
  const { brier, error } = calibratedOf({ scores: [...scores], frauds: [...frauds] });
  const ranking = rankingOf(scores, frauds, orderOf(scores));
  return { ...partOf(table, split, table.frauds.length), ...ranking, calibrationError: error, brier };
}

/** `alertsPerDay`: the budget that was asked for stands among the usual ones. */
export function thresholdsOf(
  table: Table,
  split: number,
  scores: Float64Array,
  alertsPerDay: number,
): Card["thresholds"] {
  const { timesMs } = table;
  const days = ((timesMs.at(-1) as number) - (timesMs[split] as number)) / DAY_MS;
  const falling = scores.toSorted().reverse();
  return [...new Set([...BUDGETS, alertsPerDay])]
    .sort((a, b) => a - b)
    .map((budget) => ({ alertsPerDay: budget, score: falling[Math.round(budget * days) - 1] ?? 0 }));
}

/** What another model makes of the rows of the table from `from` on. */
export function scoresOf({ margin, calibration }: TrainedModel, table: Table, from: number): Float64Array {
  return Float64Array.from({ length: table.frauds.length - from }, (_, index) =>
    probabilityOf(calibration, margin(rowAt(table, from + index))),
  );
}
