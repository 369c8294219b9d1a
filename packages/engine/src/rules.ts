/** The rules of a document, compiled, and what is wrong with them. */
import type { SourceDocument } from "./document.ts";
import { compileExpression } from "./expression.ts";
import type { RulesetFault } from "./fault.ts";
import type { Names } from "./names.ts";
import { CURRENCY_NOT_LISTED, type PlannedRule, plannedReads } from "./plan.ts";
import { LIMITS, type RulesetDocument } from "./ruleset-schema.ts";

/** By their place in the document; those that do not compile are left out. */
export function planRules(document: SourceDocument, names: Names, faults: RulesetFault[]): Map<number, PlannedRule> {
  const planned = new Map<number, PlannedRule>();
  const rules: unknown = document.data?.rules;
  if (!Array.isArray(rules)) return planned;
  const places = new Map<string, number>();
  for (const [index, rule] of (rules as RulesetDocument["rules"]).slice(0, LIMITS.rules).entries()) {
    const path = ["rules", index];
    if (document.sound([...path, "id"])) checkId(document, index, rule.id, places, faults);
    if (!document.sound([...path, "when"])) continue;
    const compiled = compileExpression(rule.when, names);
    if (!compiled.ok) {
      for (const { at, message } of compiled.faults) faults.push(document.faultAt([...path, "when"], message, at));
      continue;
    }
    const { test, nodes, reads } = compiled.expression;
    const { id, when, score, monitor = false } = rule;
    planned.set(index, { id, when, score, monitor, test, nodes, ...plannedReads(reads, names) });
  }
  return planned;
}

function checkId(
  document: SourceDocument,
  index: number,
  id: string,
  places: Map<string, number>,
  faults: RulesetFault[],
): void {
  const first = places.get(id);
  if (first === undefined) places.set(id, index);
  else faults.push(document.faultAt(["rules", index, "id"], `${id} is taken: rules[${first}] has it; ids are unique`));
  if (id === CURRENCY_NOT_LISTED)
    faults.push(document.faultAt(["rules", index, "id"], `${id} is a name of the engine's own; choose another`));
}
