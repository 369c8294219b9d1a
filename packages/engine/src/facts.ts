import type { DecodedTransaction } from "@weir/schema";

/** All that a rule can read of one transaction. */
export type Facts = {
  /** Major units: amountMinor / 10^exponent, the double nearest to the amount as written. */
  amount: number;
  currency: string;
  source: string;
  target: string;
  id: string | null;
  channel: string | null;
  country: string | null;
  category: string | null;
  device: string | null;
  /** Event time, epoch ms: what `hour` and `weekday` are told from. */
  timeMs: number;
  /** The feature vector of the plan; NaN = missing. */
  features: Float64Array;
};

/** Members of a transaction, as its message has them. */
export type MessageField = Exclude<keyof Facts, "features" | "timeMs">;
/** What the calendar says of its event time, in UTC. */
export type TimeField = "hour" | "weekday";
export type Field = MessageField | TimeField;

/** Names of the transaction itself. `optional`: a transaction may lack it, so a rule must ask first. */
export const FIELDS: { readonly [F in Field]: { readonly type: "number" | "text"; readonly optional: boolean } } = {
  amount: { type: "number", optional: false },
  currency: { type: "text", optional: false },
  source: { type: "text", optional: false },
  target: { type: "text", optional: false },
  id: { type: "text", optional: true },
  channel: { type: "text", optional: true },
  country: { type: "text", optional: true },
  category: { type: "text", optional: true },
  device: { type: "text", optional: true },
  hour: { type: "number", optional: false },
  weekday: { type: "number", optional: false },
};

const POWERS = [1, 10, 100, 1_000, 10_000] as const;

/** `timeMs`: event time. `features` is kept, not copied. */
export function factsOf(transaction: DecodedTransaction, features: Float64Array, timeMs: number): Facts {
  const { currency, source, target, id, channel, country, category, device, amountMinor, exponent } = transaction;
  const power = POWERS[exponent];
  if (power === undefined) throw new RangeError(`exponent must be 0 to ${POWERS.length - 1}, got ${exponent}`);
  const amount = amountMinor / power;
  return { amount, currency, source, target, id, channel, country, category, device, timeMs, features };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** 0 to 23. */
export function hourOf({ timeMs }: Pick<Facts, "timeMs">): number {
  return Math.floor(timeMs / HOUR_MS) % 24;
}

/** 1, a Monday, to 7, as ISO 8601 counts; 1970 began on a Thursday. */
export function weekdayOf({ timeMs }: Pick<Facts, "timeMs">): number {
  return ((Math.floor(timeMs / DAY_MS) + 3) % 7) + 1;
}

/** `timeMs` moved to another hour and weekday of its week. */
export function timeAt(timeMs: number, given: { readonly hour?: number; readonly weekday?: number }): number {
  const { hour = hourOf({ timeMs }), weekday = weekdayOf({ timeMs }) } = given;
  return timeMs + (hour - hourOf({ timeMs })) * HOUR_MS + (weekday - weekdayOf({ timeMs })) * DAY_MS;
}
