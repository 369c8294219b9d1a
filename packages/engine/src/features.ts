/** From the features of a document to the questions that they are. */
import { MAX_AMOUNT_MINOR } from "@weir/schema";
import type { Path, SourceDocument } from "./document.ts";
import { durationMs } from "./duration.ts";
import type { RulesetFault } from "./fault.ts";
import type { Aggregate, EntityField, Feature } from "./feature.ts";
import { hull, point, type Range } from "./range.ts";
import { AGGREGATE_KEYS, type AggregateKey, type FeatureDocument, LIMITS } from "./ruleset-schema.ts";
import { readsLabels } from "./window/layout.ts";

const AGGREGATE_OF: { readonly [Key in AggregateKey]: Aggregate } = {
  count: "count",
  sum: "sum",
  mean: "mean",
  stddev: "stddev",
  min: "min",
  max: "max",
  ratio_to_mean: "ratioToMean",
  distinct: "distinct",
  seen: "seen",
  since_last: "sinceLast",
  fraud_count: "fraudCount",
  fraud_ratio: "fraudRatio",
};

/** How a document names it. */
export function aggregateKey({ aggregate }: Feature): AggregateKey {
  return AGGREGATE_KEYS.find((key) => AGGREGATE_OF[key] === aggregate) as AggregateKey;
}

/** Of a feature whose shape is sound; what else is wrong with it goes to `faults`. */
export function readFeature(document: SourceDocument, name: string, faults: RulesetFault[]): Feature {
  const path = ["features", name];
  const written = document.data.features?.[name] as FeatureDocument;
  const [by, ...and] = typeof written.by === "string" ? [written.by] : (written.by as EntityField[]);
  const key = AGGREGATE_KEYS.find((one) => written[one] !== undefined) as AggregateKey;
  const feature: Feature = {
    name,
    by: by as EntityField,
    and,
    aggregate: AGGREGATE_OF[key],
    field: written.distinct ?? written.seen ?? null,
    windowMs: boundedDuration(document, [...path, "over"], written.over, faults),
    delayMs: written.delay === undefined ? 0 : boundedDuration(document, [...path, "delay"], written.delay, faults),
    before: written.before ?? false,
    otherwise: written.otherwise ?? Number.NaN,
  };
  checkSense(document, path, key, feature, faults);
  return feature;
}

/** ms of the duration at `path`; a fault if it is longer than `mostMs`. */
export function boundedDuration(
  document: SourceDocument,
  path: Path,
  text: string,
  faults: RulesetFault[],
  mostMs: number = LIMITS.durationMs,
): number {
  const ms = durationMs(text);
  const days = mostMs / 86_400_000;
  if (ms > mostMs) faults.push(document.faultAt(path, `must be at most ${days}d, got ${text}`));
  return ms;
}

/** Whether an empty window makes the feature missing, so that a rule must ask first. */
export function canBeMissing(feature: Feature): boolean {
  return Number.isNaN(feature.otherwise) && hasEmptyValue(feature) && canBeEmpty(feature);
}

/** Whether its window holds the transaction itself. */
export function countsItself({ aggregate, before, delayMs }: Feature): boolean {
  return !before && delayMs === 0 && aggregate !== "seen" && aggregate !== "sinceLast";
}

/** Major units: of currencies with four decimals to those without. */
export const AMOUNTS: Range = { min: 1e-4, max: MAX_AMOUNT_MINOR, nonZero: true, whole: false };

const ALWAYS_THERE: readonly (EntityField | null)[] = ["source", "target", "currency"];

/** What it can be when it is not missing. */
export function rangeOf(feature: Feature): Range {
  const range = valuesOf(feature);
  return Number.isNaN(feature.otherwise) ? range : hull(range, point(feature.otherwise));
}

function valuesOf(feature: Feature): Range {
  const { aggregate, delayMs, windowMs, field } = feature;
  const least = countsItself(feature) ? 1 : 0;
  const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER): Range => {
    return { min, max, nonZero: min > 0, whole: true };
  };
  switch (aggregate) {
    case "count":
      return whole(least);
    case "distinct":
      return whole(ALWAYS_THERE.includes(field) ? least : 0);
    case "fraudCount":
      return whole(0);
    case "seen":
      return whole(0, 1);
    case "sinceLast":
      return whole(delayMs, delayMs + windowMs);
    case "fraudRatio":
      return { min: 0, max: 1, nonZero: false, whole: false };
    case "ratioToMean":
      return { min: AMOUNTS.min / AMOUNTS.max, max: AMOUNTS.max / AMOUNTS.min, nonZero: true, whole: false };
    case "sum":
      return { min: least * AMOUNTS.min, max: Number.MAX_SAFE_INTEGER ** 2, nonZero: least > 0, whole: false };
    case "stddev":
      return { min: 0, max: AMOUNTS.max, nonZero: false, whole: false };
    case "mean":
    case "min":
    case "max":
      return AMOUNTS;
  }
}

function canBeEmpty(feature: Feature): boolean {
  return !countsItself(feature);
}

/** Whether an empty window gives `otherwise`, rather than 0. */
function hasEmptyValue({ aggregate }: Feature): boolean {
  switch (aggregate) {
    case "mean":
    case "stddev":
    case "min":
    case "max":
    case "ratioToMean":
    case "sinceLast":
    case "fraudRatio":
      return true;
    default:
      return false;
  }
}

function checkSense(
  document: SourceDocument,
  path: Path,
  key: AggregateKey,
  feature: Feature,
  faults: RulesetFault[],
): void {
  const fault = (part: string, message: string): void => {
    faults.push(document.faultAtKey([...path, part], message));
  };
  const { by, and, field, before, delayMs } = feature;
  if (and.includes(by)) fault("by", `${by} stands twice; a pair is of two fields, such as [source, target]`);
  if (field === by || and.includes(field as EntityField))
    fault(key, `all of a window share ${field}, since the feature is by it; take another field`);
  if (readsLabels(feature) && by !== "source" && by !== "target")
    fault("by", `labels name the source and the target, so ${key} is by one of them`);
  if (before && (key === "seen" || key === "since_last"))
    fault("before", `${key} never counts the transaction itself; leave before out`);
  else if (before && delayMs > 0)
    fault("before", "a delay leaves the transaction itself out already; leave before out");
  if (Number.isNaN(feature.otherwise)) return;
  if (!hasEmptyValue(feature)) fault("otherwise", `${key} of an empty window is 0; leave otherwise out`);
  else if (!canBeEmpty(feature))
    fault(
      "otherwise",
      "the window is never empty, it holds the transaction itself; leave otherwise out, or add before: true",
    );
}
