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

/** The outcome, with those marks that apply. */
export function decisionLabel(outcome: string, marks: Readonly<Record<DecisionMark, boolean>>): string {
  let label = outcome;
  for (const mark of DECISION_MARKS) if (marks[mark]) label += `+${mark}`;
  return label;
}

/** Of one label, so many combinations of rules are remembered. */
const MOST_KNOWN = 10_000;

/**
 * Adds the rules that hit, by their places among `ids`: `decline+late!large-amount!burst`. The same rules give the very same
 * text, since counting by a text that was just put together costs more than all else that is done with it.
 */
export function createHitLabels(ids: readonly string[]): (label: string, hits: readonly number[]) => string {
  const known = new Map<string, Map<number, string>>();
  return (label, hits) => {
    if (hits.length === 0) return label;
    let key = 0;
    for (const hit of hits) key = key * (ids.length + 1) + hit + 1;
    const before = known.get(label)?.get(key);
    if (before !== undefined) return before;
    const text = hits.reduce((said, hit) => `${said}!${ids[hit]}`, label);
    const ofLabel = known.get(label) ?? new Map<number, string>();
    // Of more rules than a number can tell apart, none is remembered.
    if (Number.isSafeInteger(key) && ofLabel.size < MOST_KNOWN) known.set(label, ofLabel.set(key, text));
    return text;
  };
}

/** The same taken apart. */
export function parseDecisionLabel(label: string): DecisionLabel {
  const [said = "", ...rules] = label.split("!");
  const [outcome = "", ...marks] = said.split("+");
  return { outcome, marks, rules };
}
