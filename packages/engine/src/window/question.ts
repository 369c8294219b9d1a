/**
 * The features of one entity as questions: features over the same events share one window, which is gathered once, and
 * each takes its value from there.
 */
import type { Feature } from "../feature.ts";
import { readsAmounts, readsLabels } from "./layout.ts";
import type { Observation } from "./observation.ts";
import { SmallSet } from "./small-set.ts";
import { Tally } from "./tally.ts";

/** How many values of a column a window holds. */
export type Distinct = {
  /** Its own number among all of the entity. */
  readonly index: number;
  readonly column: number;
  readonly seen: SmallSet;
  count: number;
  /** Whether the asking transaction's own value is among them. */
  hasOwn: boolean;
};

export type Window = {
  readonly windowMs: number;
  readonly delayMs: number;
  /** Bit c: only events whose column c equals the asking transaction's. */
  readonly need: number;
  amounts: boolean;
  squares: boolean;
  frauds: boolean;
  readonly distincts: Distinct[];
  readonly tally: Tally;
  /** As asked: (afterMs, untilMs]. */
  afterMs: number;
  untilMs: number;
};

export type Asked = { readonly feature: Feature; readonly window: Window; readonly distinct: Distinct | null };

export type Questions = {
  readonly asked: readonly Asked[];
  readonly windows: readonly Window[];
  /** Of each window as asked, side by side for the scan: after, until. */
  readonly bounds: Float64Array;
  /** The different needs of the windows, 0 first. */
  readonly needs: readonly number[];
  /** Columns of which the asking transaction's own value matters. */
  readonly own: readonly number[];
};

/** `columns`: of the layout, in its order. */
export function questionsOf(features: readonly Feature[], columns: readonly string[]): Questions {
  const windows = new Map<string, Window>();
  let distincts = 0;
  const asked = features.map((feature): Asked => {
    const need = needOf(feature, columns);
    const { windowMs, delayMs, aggregate } = feature;
    const name = `${windowMs}/${delayMs}/${need}`;
    const window = windows.get(name) ?? newWindow(windowMs, delayMs, need);
    windows.set(name, window);
    window.amounts ||= readsAmounts(feature);
    window.squares ||= aggregate === "stddev";
    window.frauds ||= readsLabels(feature);
    if (aggregate !== "distinct") return { feature, window, distinct: null };
    const column = columns.indexOf(feature.field as string);
    const known = window.distincts.find((distinct) => distinct.column === column);
    if (known !== undefined) return { feature, window, distinct: known };
    const distinct = { index: distincts++, column, seen: new SmallSet(), count: 0, hasOwn: false };
    window.distincts.push(distinct);
    return { feature, window, distinct };
  });
  const all = [...windows.values()];
  const own = columns.map((_, column) => column);
  return {
    asked,
    windows: all,
    bounds: new Float64Array(2 * all.length),
    needs: [...new Set([0, ...all.map(({ need }) => need)])],
    own: own.filter((column) =>
      all.some(({ need, distincts: held }) => (need >>> column) & 1 || held.some((one) => one.column === column)),
    ),
  };
}

function needOf(feature: Feature, columns: readonly string[]): number {
  const fields: string[] = [...feature.and];
  if (readsAmounts(feature)) fields.push("currency");
  if (feature.aggregate === "seen" && feature.field !== null) fields.push(feature.field);
  return fields.reduce((need, field) => need | (1 << columns.indexOf(field)), 0);
}

function newWindow(windowMs: number, delayMs: number, need: number): Window {
  return {
    windowMs,
    delayMs,
    need,
    amounts: false,
    squares: false,
    frauds: false,
    distincts: [],
    tally: new Tally(),
    afterMs: 0,
    untilMs: 0,
  };
}

/** Sets its bounds, as of a question about `timeMs`. `floorMs`: what lies at or before it is in no answer. */
export function openWindow(window: Window, timeMs: number, floorMs: number): void {
  window.untilMs = timeMs - window.delayMs;
  window.afterMs = Math.max(window.untilMs - window.windowMs, floorMs);
}

/** Empties every window and sets its bounds. Returns the earliest bound: what lies at or before it is in none. */
export function openWindows({ windows, bounds }: Questions, timeMs: number, floorMs: number): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < windows.length; index += 1) {
    const window = windows[index] as Window;
    openWindow(window, timeMs, floorMs);
    bounds[2 * index] = window.afterMs;
    bounds[2 * index + 1] = window.untilMs;
    if (window.afterMs < earliestMs) earliestMs = window.afterMs;
    window.tally.clear();
    for (const distinct of window.distincts) {
      distinct.seen.clear();
      distinct.count = 0;
      distinct.hasOwn = false;
    }
  }
  return earliestMs;
}

/**
 * Whether the window of a question about `timeMs` reaches back to events that were given up, which `floorMs`, that of the
 * horizon, does not keep out anyway.
 */
export function missesGivenUp(
  { windowMs, delayMs }: Pick<Window, "windowMs" | "delayMs">,
  timeMs: number,
  floorMs: number,
  givenUpMs: number,
): boolean {
  const untilMs = timeMs - delayMs;
  return givenUpMs >= 0 && Math.max(untilMs - windowMs, floorMs) < Math.min(untilMs, givenUpMs);
}

/**
 * The feature's value for a transaction whose windows are gathered; NaN = missing. `ownValues`: by column, numbers of
 * the transaction's own values. Each value is the exact one rounded as the formula rounds.
 */
export function featureValue(
  { feature, window, distinct }: Asked,
  { transaction, timeMs }: Observation,
  ownValues: Float64Array,
): number {
  const { aggregate, before, delayMs, field, otherwise } = feature;
  const { tally } = window;
  if (aggregate === "seen") return transaction[field as "target"] !== null && tally.count > 0 ? 1 : 0;
  if (aggregate === "sinceLast") return tally.count === 0 ? otherwise : timeMs - tally.latestMs;
  const self = !before && delayMs === 0 ? 1 : 0;
  const count = tally.count + self;
  if (aggregate === "count") return count;
  if (aggregate === "fraudCount") return tally.frauds;
  if (distinct !== null) {
    const own = ownValues[distinct.column] as number;
    return distinct.count + (self === 1 && own !== 0 && !distinct.hasOwn ? 1 : 0);
  }
  if (count === 0) return aggregate === "sum" ? 0 : otherwise;
  if (aggregate === "fraudRatio") return tally.frauds / count;
  return self === 1 ? withOwn(feature, tally, transaction) : amountValue(feature, tally, transaction);
}

const together = new Tally();

function withOwn(feature: Feature, tally: Tally, transaction: Observation["transaction"]): number {
  together.count = tally.count + 1;
  together.sumLow = tally.sumLow;
  together.sumHigh = tally.sumHigh;
  together.squares0 = tally.squares0;
  together.squares1 = tally.squares1;
  together.squares2 = tally.squares2;
  together.least = tally.least;
  together.greatest = tally.greatest;
  together.addAmount(transaction.amountMinor);
  if (feature.aggregate === "stddev") together.addSquare(transaction.amountMinor);
  return amountValue(feature, together, transaction);
}

function amountValue({ aggregate }: Feature, tally: Tally, transaction: Observation["transaction"]): number {
  const { amountMinor, exponent } = transaction;
  const major = 10 ** exponent;
  switch (aggregate) {
    case "sum":
      return tally.sum / major;
    case "mean":
      return tally.sum / (tally.count * major);
    case "ratioToMean":
      return (amountMinor * tally.count) / tally.sum;
    case "min":
      return tally.least / major;
    case "max":
      return tally.greatest / major;
    case "stddev":
      return Math.sqrt(tally.scatter) / (tally.count * major);
    default:
      throw new Error(`${aggregate} is not about amounts`);
  }
}
