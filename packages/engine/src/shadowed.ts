/**
 * Rules that never matter because of another: whenever they hit, that one hits as well and scores as much. Without them
 * no outcome and no score would be another.
 */
import type { SourceDocument } from "./document.ts";
import type { Expression } from "./expression.ts";
import type { RulesetFault } from "./fault.ts";
import { implications } from "./flow.ts";
import type { Names } from "./names.ts";

export type ScoredRule = {
  /** Its place in the document. */
  readonly index: number;
  readonly id: string;
  readonly score: number;
  readonly expression: Expression;
};

/** So many pairs of rules that read something in common are compared: as many as 140 rules make. */
const MOST_PAIRS = 20_000;

/** `rules`: those that count, no two of one condition. Of two that hit alike and score alike, the later never matters. */
export function checkShadowed(
  document: SourceDocument,
  rules: readonly ScoredRule[],
  names: Names,
  faults: RulesetFault[],
): void {
  const shadowed = new Set<ScoredRule>();
  let pairs = 0;
  for (const rule of rules.toReversed()) {
    const reads = new Set(rule.expression.reads);
    const implies = implications(rule.expression.ast, names);
    const by = rules.find((other) => {
      if (other === rule || other.score < rule.score || shadowed.has(other)) return false;
      if (pairs === MOST_PAIRS || !other.expression.reads.some((name) => reads.has(name))) return false;
      pairs += 1;
      return implies(other.expression.ast);
    });
    if (by === undefined) continue;
    shadowed.add(rule);
    const message = `whenever this hits, rules[${by.index}] (${by.id}) hits too and scores as much, so this rule never matters; score it higher, or say monitor: true`;
    faults.push(document.faultAt(["rules", rule.index, "when"], message));
  }
}
