/** How a decision is written: a JSON object of packages/schema's Decision. */
import type { Reason } from "@weir/schema";
import type { Verdict } from "./decide.ts";
import type { Facts } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { type Contributors, createReasonsText, numberText, sentenceOf } from "./reasons.ts";
import type { Origin } from "./window/observation.ts";

export type Decided = {
  readonly origin: Origin;
  readonly timeMs: number;
  /** Place in the log by source. */
  readonly order: number;
  /** Decided, but not counted for later ones. */
  readonly late: boolean;
  /** Some window had more transactions than are kept. */
  readonly approximate: boolean;
  /** Windows that reach back before it may lack transactions, ms; 0: none does. */
  readonly historySinceMs: number;
  /** Features that are missing because nobody computed them: the ruleset has changed while the transaction was under way. */
  readonly incomplete: readonly string[];
  readonly facts: Facts;
  readonly verdict: Verdict;
};

export type DecisionTextOptions = {
  /** Topic of the input, for decision ids. */
  readonly topic: string;
  /** full: each reason is also a sentence, and every feature is told; null = missing. */
  readonly explain: "none" | "full";
};

export type DecisionText = (decided: Decided, contributors: Contributors) => string;

/** Everything that does not depend on the transaction is turned to text here, once. */
export function createDecisionText(plan: Plan, { topic, explain }: DecisionTextOptions): DecisionText {
  const id = `{"id":${JSON.stringify(topic).slice(0, -1)}/`;
  const ruleset = JSON.stringify(plan.label);
  const names = plan.features.map(({ name }, index) => `${index > 0 ? "," : ""}${JSON.stringify(name)}:`);
  const reasonsOf = createReasonsText(plan, topic);

  const reasonsText = ({ facts, verdict }: Decided, contributors: Contributors): string => {
    const reasons = reasonsOf(facts, verdict, contributors);
    if (explain === "none" || reasons === "[]") return reasons;
    return JSON.stringify((JSON.parse(reasons) as Reason[]).map((reason) => ({ ...reason, text: sentenceOf(reason) })));
  };
  const featuresText = ({ features }: Facts): string =>
    `,"features":{${names.map((name, index) => name + numberText(features[index] as number)).join("")}}`;

  return (decided, contributors) => {
    const { origin, timeMs, order, late, approximate, historySinceMs, incomplete, facts, verdict } = decided;
    return (
      `${id}${origin.partition}/${origin.offset}","outcome":"${verdict.outcome}","score":${verdict.score},` +
      `${verdict.model === null ? "" : `"model":${verdict.model},`}` +
      `"eventTime":${timeMs},"order":${order},"ruleset":${ruleset},"reasons":${reasonsText(decided, contributors)}` +
      `${late ? ',"late":true' : ""}${approximate ? ',"approximate":true' : ""}` +
      `${historySinceMs > 0 ? `,"historySince":${historySinceMs}` : ""}` +
      `${incomplete.length > 0 ? `,"incomplete":${JSON.stringify(incomplete)}` : ""}` +
      `${explain === "full" ? featuresText(facts) : ""}}`
    );
  };
}
