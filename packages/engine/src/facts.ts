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
  /** By the feature's place in the ruleset. */
  features: number[];
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
export function factsOf(transaction: DecodedTransaction, features: number[]): Facts {
  const { currency, source, target, id, channel, country, category, device, amountMinor, exponent } = transaction;
  const power = POWERS[exponent];
  if (power === undefined) throw new RangeError(`exponent must be 0 to ${POWERS.length - 1}, got ${exponent}`);
  return { amount: amountMinor / power, currency, source, target, id, channel, country, category, device, features };
}
