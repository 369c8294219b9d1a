/** What the state of one entity keeps of each transaction, and for how long. */
import type { EntityField, Feature } from "../feature.ts";

/** Nothing in it that rules derive: a new feature within the layout finds the state as if it had always been there. */
export type EntityLayout = {
  readonly entity: EntityField;
  /** Text fields kept of each event, in the order of their names. */
  readonly columns: readonly EntityField[];
  /** Whether amounts are kept; `currency` is then among the columns. */
  readonly amounts: boolean;
  /** Whether ids, payload hashes and origins are kept: for duplicates, contributors and labels. */
  readonly ids: boolean;
  readonly labels: boolean;
  /** No question reaches further back than this from stream time: longest delay + window, + lateness. */
  readonly horizonMs: number;
  /** How far behind stream time an event may be and still be kept. */
  readonly latenessMs: number;
  /** More live events than this of one key: the oldest are given up, and answers that miss them are approximate. */
  readonly maxLiveEvents: number;
};

export type LayoutOptions = {
  readonly latenessMs: number;
  /** Tell duplicates apart and name contributors. */
  readonly ids: boolean;
  /** Keep labels; fraud features do so by themselves. */
  readonly labels: boolean;
};

export const MAX_LIVE_EVENTS = 200_000;

/** Of `features` only those of this entity count. */
export function layoutOf(
  entity: EntityField,
  features: readonly Feature[],
  { latenessMs, ids, labels }: LayoutOptions,
): EntityLayout {
  const own = features.filter(({ by }) => by === entity);
  const amounts = own.some(readsAmounts);
  const withLabels = labels || own.some(readsLabels);
  const columns = new Set(own.flatMap(({ and, field }) => (field === null ? and : [...and, field])));
  if (amounts) columns.add("currency");
  return {
    entity,
    columns: [...columns].sort(),
    amounts,
    ids: ids || withLabels,
    labels: withLabels,
    horizonMs: reachMsOf(own) + latenessMs,
    latenessMs,
    maxLiveEvents: MAX_LIVE_EVENTS,
  };
}

/** How far before a transaction the longest window of these reaches, ms; 0 without any. */
export function reachMsOf(features: readonly Feature[]): number {
  return Math.max(0, ...features.map(({ delayMs, windowMs }) => delayMs + windowMs));
}

/** Of transactions in the asking one's currency only. */
export function readsAmounts({ aggregate }: Feature): boolean {
  switch (aggregate) {
    case "sum":
    case "mean":
    case "stddev":
    case "min":
    case "max":
    case "ratioToMean":
      return true;
    default:
      return false;
  }
}

export function readsLabels({ aggregate }: Feature): boolean {
  return aggregate === "fraudCount" || aggregate === "fraudRatio";
}

/** Names what the state's bytes mean; whoever runs it adds what else does, such as the number of partitions. */
export function layoutIdentity(layout: EntityLayout): string {
  const { entity, columns, amounts, ids, labels, horizonMs, latenessMs, maxLiveEvents } = layout;
  const kept = [...columns, ...(amounts ? ["amounts"] : []), ...(ids ? ["ids"] : []), ...(labels ? ["labels"] : [])];
  return `events@2 by=${entity} keeps=${kept.join("+")} horizon=${horizonMs} lateness=${latenessMs} most=${maxLiveEvents}`;
}
