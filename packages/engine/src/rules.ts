/** The rules of a document, compiled, and what is wrong with them. */
import type { SourceDocument } from "./document.ts";
import { compileExpression, type Expression } from "./expression.ts";
import type { RulesetFault } from "./fault.ts";
import type { Names } from "./names.ts";
import { CURRENCY_NOT_LISTED, MODEL, type PlannedRule, plannedReads } from "./plan.ts";
import { LIMITS, type RuleDocument } from "./ruleset-schema.ts";
import { checkShadowed, type ScoredRule } from "./shadowed.ts";

export type CompiledRules = {
  /** By their place in the document; those that do not compile are left out. */
  readonly rules: ReadonlyMap<number, PlannedRule>;
  /** Whether all compiled, and the features and lists that they name. */
  readonly whole: boolean;
  readonly used: ReadonlySet<string>;
};

export function compileRules(document: SourceDocument, names: Names, faults: RulesetFault[]): CompiledRules {
  const rules = new Map<number, PlannedRule>();
  const used = new Set<string>();
  const written: unknown = document.data?.rules;
  if (!Array.isArray(written)) return { rules, whole: false, used };
  const unique = new UniqueRules(document, faults);
  const scored: ScoredRule[] = [];
  for (const [index, rule] of (written as RuleDocument[]).slice(0, LIMITS.rules).entries()) {
    const path = ["rules", index];
    if (document.sound([...path, "id"])) unique.checkId(index, rule.id);
    if (!document.sound([...path, "when"])) continue;
    const { id, when, score } = rule;
    const monitor = document.sound([...path, "monitor"]);
    const compiled = compileExpression(when, names, { constants: !monitor });
    if (!compiled.ok) {
      for (const { at, message } of compiled.faults) faults.push(document.faultAt([...path, "when"], message, at));
      continue;
    }
    const { expression } = compiled;
    for (const name of [...expression.reads, ...expression.lists]) used.add(name);
    if (!monitor) {
      const isFirst = unique.checkCondition(index, expression);
      checkMatters(document, index, rule, expression, faults);
      if (isFirst && document.sound([...path, "score"])) scored.push({ index, id, score, expression });
    }
    const { test, possible, nodes, reads } = expression;
    const examples = document.sound([...path, "examples"]) ? (rule.examples?.length ?? 0) : 0;
    rules.set(index, { id, when, score, monitor, test, possible, nodes, examples, ...plannedReads(reads, names) });
  }
  checkShadowed(document, scored, names, faults);
  return { rules, whole: rules.size === written.length, used };
}

/** A rule that changes no outcome by itself is a mistake, unless it says that it only watches. */
function checkMatters(
  document: SourceDocument,
  index: number,
  { score }: RuleDocument,
  { reads }: Expression,
  faults: RulesetFault[],
): void {
  const path = ["rules", index];
  if (reads.length === 0)
    faults.push(
      document.faultAt([...path, "when"], "this reads nothing of the transaction, so it says the same of all of them"),
    );
  if (!document.sound([...path, "score"]) || !document.sound(["thresholds"])) return;
  const { review } = document.data.thresholds;
  if (score < review)
    faults.push(
      document.faultAt(
        [...path, "score"],
        `a score below review (${review}) changes no outcome, so this rule never matters; raise it, or say monitor: true`,
      ),
    );
}

class UniqueRules {
  readonly #document: SourceDocument;
  readonly #faults: RulesetFault[];
  readonly #ids = new Map<string, number>();
  readonly #conditions = new Map<string, number>();

  constructor(document: SourceDocument, faults: RulesetFault[]) {
    this.#document = document;
    this.#faults = faults;
  }

  checkId(index: number, id: string): void {
    const first = this.#ids.get(id);
    if (first === undefined) this.#ids.set(id, index);
    else this.#fault(index, "id", `${id} is taken: rules[${first}] has it; ids are unique`);
    if (id === CURRENCY_NOT_LISTED || id === MODEL)
      this.#fault(index, "id", `${id} is a name of the engine's own; choose another`);
  }

  /** Whether no rule before has it. */
  checkCondition(index: number, { canonical }: Expression): boolean {
    const first = this.#conditions.get(canonical);
    if (first === undefined) this.#conditions.set(canonical, index);
    else this.#fault(index, "when", `this is the condition of rules[${first}] too; keep the one with the higher score`);
    return first === undefined;
  }

  #fault(index: number, part: "id" | "when", message: string): void {
    this.#faults.push(this.#document.faultAt(["rules", index, part], message));
  }
}
