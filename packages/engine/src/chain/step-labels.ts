/** What can become of a record in a stage, for counters. */
import { REASON_CODES, type ReasonCode } from "@weir/schema";

const REJECTED = Object.fromEntries(REASON_CODES.map((code) => [code, `rejected:${code}`]));

export function rejectedLabel(reason: ReasonCode): string {
  return REJECTED[reason] as string;
}

/** Went on to the next stage. */
export const PASSED = "passed";
/** A label that found its transaction in this stage's state, or did not. */
export const LABEL_MATCHED = "label:matched";
export const LABEL_UNMATCHED = "label:unmatched";

/** What a decision may say of itself, which the label then does too: `approve+late`. */
export const DECISION_MARKS = ["late", "approximate", "history", "incomplete", "currency"] as const;

export type DecisionMark = (typeof DECISION_MARKS)[number];

/** What became of a transaction that was decided. `rules`: ids of those that hit, monitors too. */
export type DecisionLabel = {
  readonly outcome: string;
  readonly marks: readonly string[];
  readonly rules: readonly string[];
};

/** The outcome, with those marks that apply and the rules that hit: `decline+late!large-amount!burst`. */
export function decisionLabel(
  outcome: string,
  marks: Readonly<Record<DecisionMark, boolean>>,
  rules: readonly string[],
): string {
  let label = outcome;
  for (const mark of DECISION_MARKS) if (marks[mark]) label += `+${mark}`;
  for (const rule of rules) label += `!${rule}`;
  return label;
}

/** The same taken apart. */
export function parseDecisionLabel(label: string): DecisionLabel {
  const [said = "", ...rules] = label.split("!");
  const [outcome = "", ...marks] = said.split("+");
  return { outcome, marks, rules };
}
