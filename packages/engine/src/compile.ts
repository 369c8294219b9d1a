/** From a ruleset's text to a plan, or to every fault that stands in its way. */
import { createHash } from "node:crypto";
import { readDocument, type SourceDocument } from "./document.ts";
import { planEntities } from "./entities.ts";
import { EntityStates } from "./entity-states.ts";
import { exampleFaults, historiesFit } from "./examples.ts";
import { inDocumentOrder, type RulesetFault } from "./fault.ts";
import type { Feature } from "./feature.ts";
import { boundedDuration, readFeature } from "./features.ts";
import { compileModel, identityOf, type ReadBeside } from "./model.ts";
import { Names } from "./names.ts";
import type { Plan, PlannedEntity, PlannedModel, PlannedRule } from "./plan.ts";
import { compileRules } from "./rules.ts";
import { NAME_PATTERN, RULESET } from "./ruleset-schema.ts";
import type { Tokens } from "./tokens.ts";

export type CompileResult =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly faults: readonly RulesetFault[] };

const DEFAULT_LATENESS_MS = 3_600_000;

const NOT_READ: ReadBeside = () => {
  throw new Error("no model is read here");
};

export type CompileOptions = {
  /** Only names the document in faults. */
  readonly file: string;
  /**
   * Reads the file of the ruleset's model. Left out, a ruleset with a model is refused; null: the model is still to be
   * trained, and the plan scores without it.
   */
  readonly readBeside?: ReadBeside | null;
  /** What ids are where the rules are applied: the ids of its lists and examples become tokens as well. */
  readonly tokens?: Tokens | undefined;
};

/** Pure but for what `readBeside` reads, and total: never throws, whatever the text. */
export function compileRuleset(text: string, { file, readBeside = NOT_READ, tokens }: CompileOptions): CompileResult {
  const { document, faults: shapeFaults } = readDocument(text, file, RULESET);
  if (document === null) return { ok: false, faults: shapeFaults };
  const faults = [...shapeFaults];
  const latenessMs = document.sound(["lateness"])
    ? boundedDuration(document, ["lateness"], document.data.lateness as string, faults)
    : DEFAULT_LATENESS_MS;
  const read = keysAt(document, "features").map((name) => featureAt(document, name, faults));
  const entities = planEntities(read, latenessMs);
  const features = entities.flatMap((entity) => entity.features);
  const names = declareNames(document, features, tokens, faults);
  const canAsk = faults.length === 0;
  const { rules, whole, used } = compileRules(document, names, faults);
  checkOutcomes(document, faults);
  const { model, whole: modelIsWhole, used: usedByModel } = compileModel(document, names, readBeside, faults);
  if (whole && modelIsWhole) checkUsed(document, used.union(usedByModel), faults);
  if (canAsk && historiesFit(document, rules.keys(), faults)) {
    const world = { entities, features, names, nothing: new EntityStates(entities) };
    for (const [index, { test }] of rules)
      faults.push(...exampleFaults(document, ["rules", index, "examples"], test, world));
  }
  if (faults.length > 0) return { ok: false, faults: inDocumentOrder(faults) };
  return { ok: true, plan: planOf(document, latenessMs, entities, [...rules.values()], model) };
}

/** What no rule reads costs memory and time on every transaction. */
function checkUsed(document: SourceDocument, used: ReadonlySet<string>, faults: RulesetFault[]): void {
  for (const part of ["features", "lists"] as const)
    for (const name of keysAt(document, part))
      if (!used.has(name)) faults.push(document.faultAtKey([part, name], `nothing uses ${name}; use it or delete it`));
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
  latenessMs: number,
  entities: readonly PlannedEntity[],
  rules: readonly PlannedRule[],
  model: PlannedModel | null,
): Plan {
  const { name, version } = data;
  const documentHash = createHash("sha256").update(JSON.stringify(data)).digest("hex");
  return {
    name,
    version,
    documentHash,
    ...identityOf({ name, version, documentHash }, model?.trained ?? null),
    stateful: entities.length > 0,
    latenessMs,
    entities,
    features: entities.flatMap(({ features }) => features),
    horizonMs: Math.max(0, ...entities.map(({ layout }) => layout.horizonMs)),
    rules,
    model,
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

/** One whose shape is wrong stands in as a count, so that the rules that name it are looked at all the same. */
function featureAt(document: SourceDocument, name: string, faults: RulesetFault[]): Feature {
  if (document.sound(["features", name])) return readFeature(document, name, faults);
  return {
    name,
    by: "source",
    and: [],
    aggregate: "count",
    field: null,
    windowMs: 1,
    delayMs: 0,
    before: false,
    otherwise: Number.NaN,
  };
}

function declareNames(
  document: SourceDocument,
  features: readonly Feature[],
  tokens: Tokens | undefined,
  faults: RulesetFault[],
): Names {
  const names = new Names(tokens);
  for (const [index, feature] of features.entries()) {
    const wrong = names.declareFeature(feature, index);
    if (wrong !== null) faults.push(document.faultAtKey(["features", feature.name], wrong));
  }
  for (const name of keysAt(document, "lists")) {
    const values = document.sound(["lists", name]) ? document.data.lists?.[name] : undefined;
    const wrong = names.declareList(name, values ?? []);
    if (wrong !== null) faults.push(document.faultAtKey(["lists", name], wrong));
  }
  return names;
}
