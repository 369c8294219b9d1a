/** From a ruleset's text to a plan, or to every fault that stands in its way. */
import { createHash } from "node:crypto";
import { type Path, readDocument, type SourceDocument } from "./document.ts";
import { durationMs } from "./duration.ts";
import { exampleFaults } from "./examples.ts";
import { compileExpression } from "./expression.ts";
import { inDocumentOrder, type RulesetFault } from "./fault.ts";
import { Names } from "./names.ts";
import { type Plan, type PlannedFeature, type PlannedRule, plannedReads } from "./plan.ts";
import { LIMITS, NAME_PATTERN, RULESET, type RulesetDocument } from "./ruleset-schema.ts";

export type CompileResult =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly RulesetFault[] };

/** The rule name of the reason that an unlisted currency gives; no rule may take it. */
export const CURRENCY_NOT_LISTED = "currency_not_listed";

const DEFAULT_LATENESS_MS = 3_600_000;

/** Pure and total: never throws, whatever the text. `file` only names the document in faults. */
export function compileRuleset(text: string, { file }: { readonly file: string }): CompileResult {
  const { document, faults: shapeFaults } = readDocument(text, file, RULESET);
  if (document === null) return { ok: false, faults: shapeFaults };
  const faults = [...shapeFaults];
  const names = new Names();
  const features = planFeatures(document, names, faults);
  declareLists(document, names, faults);
  const latenessMs = document.sound(["lateness"])
    ? duration(document, ["lateness"], document.data.lateness as string, faults)
    : DEFAULT_LATENESS_MS;
  const rules = planRules(document, names, features, faults);
  checkOutcomes(document, faults);
  if (faults.length > 0) return { ok: false, faults: inDocumentOrder(faults) };
  return { ok: true, plan: planOf(document, rules, features, latenessMs) };
}

function checkOutcomes(document: SourceDocument, faults: RulesetFault[]): void {
  if (document.sound(["thresholds"])) {
    const { review, decline } = document.data.thresholds;
    if (review > decline) {
      const message = `review must be at most decline (${decline}), got ${review}`;
      faults.push(document.faultAt(["thresholds", "review"], message));
    }
  }
  if (document.sound(["otherwise"]) && document.data.currencies === undefined) {
    const message = "otherwise says what becomes of unlisted currencies; it needs currencies";
    faults.push(document.faultAtKey(["otherwise"], message));
  }
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

/** The keys of a part that should be a map, also when what they stand for is wrong. */
function keysAt(document: SourceDocument, part: "features" | "lists"): string[] {
  const value: unknown = document.data?.[part];
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.keys(value).filter((name) => new RegExp(NAME_PATTERN).test(name));
}

function planFeatures(document: SourceDocument, names: Names, faults: RulesetFault[]): PlannedFeature[] {
  return keysAt(document, "features").map((name, index) => {
    const path = ["features", name];
    const wrong = names.declareFeature(name, index);
    if (wrong !== null) faults.push(document.faultAtKey(path, wrong));
    const over = document.sound(path) ? document.data.features?.[name]?.over : undefined;
    const windowMs = over === undefined ? 0 : duration(document, [...path, "over"], over, faults);
    return { name, by: "source", windowMs };
  });
}

function declareLists(document: SourceDocument, names: Names, faults: RulesetFault[]): void {
  for (const name of keysAt(document, "lists")) {
    const values = document.sound(["lists", name]) ? document.data.lists?.[name] : undefined;
    const wrong = names.declareList(name, values ?? []);
    if (wrong !== null) faults.push(document.faultAtKey(["lists", name], wrong));
  }
}

function duration(document: SourceDocument, path: Path, text: string, faults: RulesetFault[]): number {
  const ms = durationMs(text);
  const days = LIMITS.durationMs / 86_400_000;
  if (ms > LIMITS.durationMs) faults.push(document.faultAt(path, `must be at most ${days}d, got ${text}`));
  return ms;
}

function planRules(
  document: SourceDocument,
  names: Names,
  features: readonly PlannedFeature[],
  faults: RulesetFault[],
): PlannedRule[] {
  const rules: unknown = document.data?.rules;
  if (!Array.isArray(rules)) return [];
  const places = new Map<string, number>();
  const planned: PlannedRule[] = [];
  for (const [index, rule] of (rules as RulesetDocument["rules"]).slice(0, LIMITS.rules).entries()) {
    const path = ["rules", index];
    if (document.sound([...path, "id"])) checkId(document, index, rule.id, places, faults);
    if (!document.sound([...path, "when"])) continue;
    const compiled = compileExpression(rule.when, names);
    if (!compiled.ok) {
      for (const { at, message } of compiled.faults) faults.push(document.faultAt([...path, "when"], message, at));
      continue;
    }
    const { test, reads } = compiled.expression;
    const { id, when, score } = rule;
    planned.push({ id, when, score, test, reads: plannedReads(reads, names) });
    const listsKnown = document.data.lists === undefined || document.sound(["lists"]);
    if (listsKnown && document.sound([...path, "examples"]))
      faults.push(...exampleFaults(document, index, test, features));
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
