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

export const STEP_LABELS: readonly string[] = [
  ...["approve", "review", "decline", PASSED, LABEL_MATCHED, LABEL_UNMATCHED],
  ...Object.values(REJECTED),
];
