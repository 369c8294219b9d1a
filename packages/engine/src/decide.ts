/** What the rules say of one transaction, and how that is written down. */
import { CURRENCY_NOT_LISTED } from "./compile.ts";
import type { Facts } from "./facts.ts";
import type { OutcomeName, Plan, PlannedRule } from "./plan.ts";

export type Verdict = {
  readonly outcome: OutcomeName;
  /** The greatest score among the rules that hit; 0 if none did. */
  readonly score: number;
  /** JSON array of reasons, in the order of the rules; an unlisted currency comes first. */
  readonly reasons: string;
};

export type Decide = (facts: Facts) => Verdict;

/** Everything that does not depend on the transaction is turned to text here, once. */
export function createDecide(plan: Plan): Decide {
  const { currencies, otherwise, thresholds } = plan;
  const rules = plan.rules.map((rule) => ({ test: rule.test, score: rule.score, reason: reasonWriter(rule) }));
  return (facts) => {
    let score = 0;
    let reasons = "";
    let atLeast: OutcomeName = "approve";
    if (currencies !== null && !currencies.has(facts.currency)) {
      atLeast = otherwise;
      reasons = `{"rule":"${CURRENCY_NOT_LISTED}","score":0,"when":"!(currency in currencies)","observed":{"currency":${JSON.stringify(facts.currency)}}}`;
    }
    for (const rule of rules) {
      if (!rule.test(facts)) continue;
      if (rule.score > score) score = rule.score;
      reasons += reasons === "" ? rule.reason(facts) : `,${rule.reason(facts)}`;
    }
    const byScore = score >= thresholds.decline ? "decline" : score >= thresholds.review ? "review" : "approve";
    return { outcome: stricter(byScore, atLeast), score, reasons: `[${reasons}]` };
  };
}

const STRICTNESS = { approve: 0, review: 1, decline: 2 } as const;

function stricter(a: OutcomeName, b: OutcomeName): OutcomeName {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

/** `{"rule":"large-amount","score":0.95,"when":"amount >= 900","observed":{"amount":950}}` */
function reasonWriter({ id, score, when, reads }: PlannedRule): (facts: Facts) => string {
  const head = `{"rule":${JSON.stringify(id)},"score":${JSON.stringify(score)},"when":${JSON.stringify(when)},"observed":{`;
  const members = reads.map(({ name, read }, index) => ({
    prefix: `${index > 0 ? "," : ""}${JSON.stringify(name)}:`,
    read,
  }));
  return (facts) => {
    let text = head;
    for (const { prefix, read } of members) {
      const value = read(facts);
      text += prefix + (typeof value === "number" ? value : JSON.stringify(value));
    }
    return `${text}}}`;
  };
}
