/** From a ruleset's text to a plan, or to every fault that stands in its way. */
import { createHash } from "node:crypto";
import { type Path, readDocument, type SourceDocument } from "./document.ts";
import { durationMs } from "./duration.ts";
import { exampleFaults } from "./examples.ts";
import { compileExpression } from "./expression.ts";
import { inDocumentOrder, type RulesetFault } from "./fault.ts";
import { Names } from "./names.ts";
import { type Plan, type PlannedFeature, type PlannedRule, plannedReads } from "./plan.ts";
import { LIMITS } from "./ruleset-schema.ts";

export type CompileResult =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly RulesetFault[] };

/** The rule name of the reason that an unlisted currency gives; no rule may take it. */
export const CURRENCY_NOT_LISTED = "currency_not_listed";

/** Pure and total: never throws, whatever the text. `file` only names the document in faults. */
export function compileRuleset(text: string, { file }: { readonly file: string }): CompileResult {
  const read = readDocument(text, file);
  if (!read.ok) return read;
  const { document } = read;
  const faults: RulesetFault[] = [];
  const names = new Names();
  const features = planFeatures(document, names, faults);
  declareLists(document, names, faults);
  const latenessMs = duration(document, ["lateness"], document.data.lateness ?? "1h", faults);
  const rules = planRules(document, names, features, faults);
  const { review, decline } = document.data.thresholds;
  if (review > decline)
    faults.push(
      document.faultAt(["thresholds", "review"], `review must be at most decline (${decline}), got ${review}`),
    );
  if (document.data.otherwise !== undefined && document.data.currencies === undefined)
    faults.push(
      document.faultAtKey(["otherwise"], "otherwise says what becomes of unlisted currencies; it needs currencies"),
    );
  if (faults.length > 0) return { ok: false, faults: inDocumentOrder(faults) };
  return { ok: true, plan: planOf(document, rules, features, latenessMs) };
}

function planOf(
  { data }: SourceDocument,
  rules: readonly PlannedRule[],
  features: readonly PlannedFeature[],
  latenessMs: number,
): Plan {
  const hash = createHash("sha256").update(JSON.stringify(data)).digest("hex");
  const stateful = features.length > 0;
  const horizonMs = stateful ? Math.max(...features.map(({ windowMs }) => windowMs)) + latenessMs : 0;
  return {
    name: data.name,
    version: data.version,
    hash,
    label: `${data.name}@${data.version}#${hash.slice(0, 8)}`,
    stateful,
    latenessMs,
    horizonMs,
    identity: stateful ? `times-by-source@1 horizon=${horizonMs} lateness=${latenessMs}` : "stateless@1",
    rules,
    features,
    currencies: data.currencies === undefined ? null : new Set(data.currencies),
    otherwise: data.otherwise ?? "review",
    thresholds: data.thresholds,
  };
}

function planFeatures(document: SourceDocument, names: Names, faults: RulesetFault[]): PlannedFeature[] {
  return Object.entries(document.data.features ?? {}).map(([name, { by, over }], index) => {
    const wrong = names.declareFeature(name, index);
    if (wrong !== null) faults.push(document.faultAtKey(["features", name], wrong));
    return { name, by, windowMs: duration(document, ["features", name, "over"], over, faults) };
  });
}

function declareLists(document: SourceDocument, names: Names, faults: RulesetFault[]): void {
  for (const [name, values] of Object.entries(document.data.lists ?? {})) {
    const wrong = names.declareList(name, values);
    if (wrong !== null) faults.push(document.faultAtKey(["lists", name], wrong));
  }
}

function duration(document: SourceDocument, path: Path, text: string, faults: RulesetFault[]): number {
  const ms = durationMs(text);
  if (ms > LIMITS.durationMs)
    faults.push(document.faultAt(path, `at most ${LIMITS.durationMs / 86_400_000}d, got ${text}`));
  return ms;
}

function planRules(
  document: SourceDocument,
  names: Names,
  features: readonly PlannedFeature[],
  faults: RulesetFault[],
): PlannedRule[] {
  const places = new Map<string, number>();
  const planned: PlannedRule[] = [];
  for (const [index, rule] of document.data.rules.entries()) {
    const { id, when, score } = rule;
    const first = places.get(id);
    if (id === CURRENCY_NOT_LISTED)
      faults.push(document.faultAt(["rules", index, "id"], `${id} is a name of the engine's own`));
    else if (first !== undefined)
      faults.push(document.faultAt(["rules", index, "id"], `${id} is taken: rules[${first}] has it; ids are unique`));
    else places.set(id, index);
    const compiled = compileExpression(when, names);
    if (!compiled.ok) {
      for (const { at, message } of compiled.faults)
        faults.push(document.faultAt(["rules", index, "when"], message, at));
      continue;
    }
    const { test, reads } = compiled.expression;
    planned.push({ id, when, score, test, reads: plannedReads(reads, names) });
    faults.push(...exampleFaults(document, index, test, features));
  }
  return planned;
}
