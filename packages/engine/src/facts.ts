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
  /** The feature vector of the plan; NaN = missing. */
  features: Float64Array;
};

export type Field = Exclude<keyof Facts, "features">;

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
};

const POWERS = [1, 10, 100, 1_000, 10_000] as const;

/** `features` is kept, not copied. */
export function factsOf(transaction: DecodedTransaction, features: Float64Array): Facts {
  const { currency, source, target, id, channel, country, category, device, amountMinor, exponent } = transaction;
  const power = POWERS[exponent];
  if (power === undefined) throw new RangeError(`exponent must be 0 to ${POWERS.length - 1}, got ${exponent}`);
  return { amount: amountMinor / power, currency, source, target, id, channel, country, category, device, features };
}
