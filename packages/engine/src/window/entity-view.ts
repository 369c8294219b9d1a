/**
 * What a state knows of one key, with no transaction to ask about it: every feature over its window as it ends at stream
 * time (less its delay), of the events that are there and nothing else.
 *
 * So a feature that counts the asking transaction itself is smaller here than in the next decision. Amounts are only ever
 * compared within a currency, and without a transaction there is none: each kept one is answered for. What is asked of
 * a transaction's own values cannot be told, which is said instead.
 */
import { type DecodedTransaction, minorExponent } from "@weir/schema";
import type { Feature } from "../feature.ts";
import { aggregateKey } from "../features.ts";
import type { AggregateKey } from "../ruleset-schema.ts";
import { eachBack } from "./chain.ts";
import { currencyOf } from "./currency-code.ts";
import type { KeyedEvents } from "./keyed-events.ts";
import { type EntityLayout, readsAmounts } from "./layout.ts";
import type { Observation } from "./observation.ts";
import { type Asked, featureValue, missesGivenUp, openWindows, type Questions } from "./question.ts";

export type FeatureView = {
  readonly name: string;
  readonly aggregate: AggregateKey;
  /** The window: event times in (afterMs, untilMs]. */
  readonly afterMs: number;
  readonly untilMs: number;
  /** Events of the window may have been given up, because the key had too many. */
  readonly approximate: boolean;
} & (
  | { /** null: the window is empty, and the feature missing. */ readonly value: number | null }
  | { /** Major units, by currency. */ readonly byCurrency: Readonly<Record<string, number | null>> }
  | { /** Of a transaction, in words: without one there is no answer. */ readonly needs: string }
);

export type EntityView = {
  readonly streamTimeMs: number;
  /** Events that some question may still be about, and the least and greatest time of them. */
  readonly liveEvents: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Currencies that were left out, since there are more than MAX_CURRENCIES: those that came last are answered for. */
  readonly currenciesLeftOut: number;
  /** In the order of the ruleset. */
  readonly features: readonly FeatureView[];
};

export const MAX_CURRENCIES = 20;

export type Viewed = {
  readonly events: KeyedEvents;
  readonly questions: Questions;
  readonly layout: EntityLayout;
  /** 0: unknown. */
  readonly key: number;
  readonly streamTimeMs: number;
  /** What lies at or before it is in no answer: by the horizon, and by that or what was given up. */
  readonly streamFloorMs: number;
  readonly floorMs: number;
};

/** Null if there is no live event of the key. Costs one walk over its events, and one gathering for each currency. */
export function viewOf(viewed: Viewed): EntityView | null {
  const { events, questions, layout, key, streamTimeMs, floorMs } = viewed;
  if (key === 0) return null;
  const currencyColumn = layout.amounts ? layout.columns.indexOf("currency") : -1;
  const currencies = new Set<number>();
  let liveEvents = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  eachBack(events.blocks, events.keys.newest(key), floorMs, (event, timeMs) => {
    liveEvents += 1;
    oldestMs = Math.min(oldestMs, timeMs);
    newestMs = Math.max(newestMs, timeMs);
    if (currencyColumn >= 0) currencies.add(events.blocks.value(event, currencyColumn));
  });
  if (liveEvents === 0) return null;

  const values = new Map<Asked, number>();
  const amounts = new Map<Asked, [string, number | null][]>();
  const asCurrencies = currencyColumn < 0 ? [NO_CURRENCY] : [...currencies].slice(0, MAX_CURRENCIES).map(currencyOf);
  for (const currency of asCurrencies) {
    const nothing = askingNothing(currency, streamTimeMs);
    const earliestMs = openWindows(questions, streamTimeMs, floorMs);
    events.readOwnValues(nothing);
    events.gather(key, earliestMs, streamTimeMs);
    for (const asked of questions.asked) {
      if (needsOf(asked.feature) !== null) continue;
      const value = featureValue(withoutItself(asked), nothing, events.ownValues);
      if (!readsAmounts(asked.feature)) values.set(asked, value);
      else amounts.set(asked, [...(amounts.get(asked) ?? []), [currency, orNull(value)]]);
    }
  }
  const features = questions.asked.map((asked): FeatureView => {
    const { feature, window } = asked;
    const about = {
      name: feature.name,
      aggregate: aggregateKey(feature),
      afterMs: Math.max(streamTimeMs - window.delayMs - window.windowMs, viewed.streamFloorMs),
      untilMs: streamTimeMs - window.delayMs,
      approximate: missesGivenUp(window, streamTimeMs, viewed.streamFloorMs, events.givenUpMs(key)),
    };
    const needs = needsOf(feature);
    if (needs !== null) return { ...about, needs };
    const byCurrency = amounts.get(asked);
    return byCurrency === undefined
      ? { ...about, value: orNull(values.get(asked) as number) }
      : { ...about, byCurrency: Object.fromEntries(byCurrency) };
  });
  const currenciesLeftOut = Math.max(0, currencies.size - MAX_CURRENCIES);
  return { streamTimeMs, liveEvents, oldestMs, newestMs, currenciesLeftOut, features };
}

/** ISO 4217's code of it. Nothing is compared with it where no amounts are kept. */
const NO_CURRENCY = "XXX";

/** A transaction of nobody: only its currency and time are ever read. */
function askingNothing(currency: string, timeMs: number): Observation {
  const transaction: DecodedTransaction = {
    id: null,
    source: "",
    target: "",
    currency,
    amountMinor: 0,
    exponent: minorExponent(currency),
    timestampMs: null,
    channel: null,
    country: null,
    category: null,
    device: null,
    location: null,
  };
  return { kind: "transaction", transaction, timeMs, origin: { partition: 0, offset: 0 } };
}

function withoutItself(asked: Asked): Asked {
  return { ...asked, feature: { ...asked.feature, before: true } };
}

function needsOf({ aggregate, and, field }: Feature): string | null {
  const fields = [
    ...and,
    ...(aggregate === "ratioToMean" ? ["amount"] : []),
    ...(aggregate === "seen" ? [field as string] : []),
  ];
  return fields.length === 0 ? null : `a transaction's ${fields.join(" and ")}`;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
