/** A record of the legit or fraud topic, as far as quality is concerned. */
import { CURRENCY_NOT_LISTED, MODEL, type Plan } from "@weir/engine";
import { type DecidedTransaction, minorExponent, type Outcome } from "@weir/schema";

/** A reason that is none of the ruleset's: another version of it decided. */
export const OTHER_RULE = "other";

export type Payment = {
  /** What a label names it by: keyOf(). */
  readonly key: string;
  readonly source: string;
  /** Event time. */
  readonly timeMs: number;
  readonly outcome: Outcome;
  /** `name@version#hash`. */
  readonly ruleset: string;
  /** The model's where there is one, else the decision's: 0 to 1. */
  readonly score: number;
  /** One of the ruleset's currencies; null: its amount is not added up. */
  readonly currency: string | null;
  readonly amountMinor: number;
  /** Rules that hit, monitors too, and the model if it alone would have stopped the payment. */
  readonly rules: readonly string[];
};

/** `name`: the payment's own id, else its decision id. */
export function keyOf(source: string, name: string): string {
  return `${source}\n${name}`;
}

/** Every rule that a payment may name under this ruleset. */
export function ruleNames({ rules, model, currencies }: Plan): string[] {
  const ids = rules.map(({ id }) => id);
  return [
    ...ids,
    ...(model === null ? [] : [MODEL]),
    ...(currencies === null ? [] : [CURRENCY_NOT_LISTED]),
    OTHER_RULE,
  ];
}

/** Of a ruleset that lists none, so many are added up, those met first. */
const MOST_CURRENCIES = 10;

/** Null for what is no decision. */
export type ReadPayment = (value: Buffer | null) => Payment | null;

export function createReadPayment(plan: Plan): ReadPayment {
  const known = new Map(ruleNames(plan).map((rule) => [rule, rule]));
  const currencies = new Map([...(plan.currencies ?? [])].map((code) => [code, code]));
  const currencyOf = (code: string): string | null => {
    const met = currencies.get(code);
    if (met !== undefined) return met;
    if (plan.currencies !== null || currencies.size === MOST_CURRENCIES) return null;
    currencies.set(code, code);
    return code;
  };
  return (value) => {
    const record = parsed(value);
    const decision = record?.decision;
    if (record === null || typeof decision?.eventTime !== "number") return null;
    const { source, id, amount, currency } = record;
    // The text of a rule is the ruleset's own, so that none is kept with every payment.
    const rules = decision.reasons.map(({ rule }) => known.get(rule) ?? OTHER_RULE);
    return {
      key: keyOf(source, id ?? decision.id),
      source,
      timeMs: decision.eventTime,
      outcome: decision.outcome,
      ruleset: decision.ruleset,
      score: decision.model ?? decision.score,
      currency: currencyOf(currency),
      amountMinor: Math.round(amount * 10 ** minorExponent(currency)),
      rules: rules.length === 0 ? NONE : [...new Set(rules)],
    };
  };
}

const NONE: readonly string[] = [];

function parsed(value: Buffer | null): DecidedTransaction | null {
  try {
    return JSON.parse(String(value)) as DecidedTransaction | null;
  } catch {
    return null;
  }
}
