/** What the rules and the model say of one transaction. */
import type { Facts } from "./facts.ts";
import { createModelScore } from "./model-score.ts";
import type { OutcomeName, Plan } from "./plan.ts";

export type Verdict = {
  readonly outcome: OutcomeName;
  /** The greatest score among the model's and those of the rules that hit, monitors apart; 0 if there is none. */
  readonly score: number;
  /** The model's own; null where there is none. */
  readonly model: number | null;
  /** Places of the rules that hit, in their order. */
  readonly hits: readonly number[];
  /** Whether the currency is one that the rules were written for. */
  readonly listed: boolean;
};

export type Decide = (facts: Facts) => Verdict;

/** Shared, since nothing writes to it: most transactions hit no rule. */
const NO_HITS: number[] = [];

export function createDecide({ rules, model, currencies, otherwise, thresholds }: Plan): Decide {
  const modelScore = createModelScore(model);
  const tests = rules.map(({ test }) => test);
  const scores = Float64Array.from(rules, ({ score, monitor }) => (monitor ? 0 : score));
  return (facts) => {
    const byModel = modelScore === null ? null : modelScore.score(facts);
    let score = byModel ?? 0;
    let hits = NO_HITS;
    for (let index = 0; index < tests.length; index += 1) {
      if (!(tests[index] as (facts: Facts) => boolean)(facts)) continue;
      if ((scores[index] as number) > score) score = scores[index] as number;
      if (hits === NO_HITS) hits = [index];
      else hits.push(index);
    }
    const listed = currencies === null || currencies.has(facts.currency);
    const byScore = score >= thresholds.decline ? "decline" : score >= thresholds.review ? "review" : "approve";
    return { outcome: listed ? byScore : stricter(byScore, otherwise), score, model: byModel, hits, listed };
  };
}

const STRICTNESS = { approve: 0, review: 1, decline: 2 } as const;

function stricter(a: OutcomeName, b: OutcomeName): OutcomeName {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}
