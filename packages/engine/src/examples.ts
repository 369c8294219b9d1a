/** A rule's examples, tried when it is compiled: a rule that does not do what its author says is a fault. */
import type { Path, SourceDocument } from "./document.ts";
import type { Expression } from "./expression.ts";
import { type Facts, FIELDS, type Field } from "./facts.ts";
import type { RulesetFault } from "./fault.ts";
import type { PlannedFeature } from "./plan.ts";

export function exampleFaults(
  document: SourceDocument,
  rule: number,
  test: Expression["test"],
  features: readonly PlannedFeature[],
): RulesetFault[] {
  const faults: RulesetFault[] = [];
  for (const [index, { given, expect }] of (document.data.rules[rule]?.examples ?? []).entries()) {
    const path: Path = ["rules", rule, "examples", index];
    const wrong = givenFaults(document, [...path, "given"], given, features);
    if (wrong.length > 0) faults.push(...wrong);
    else if (
      test(factsFrom(given, document.sound(["currencies"]) ? document.data.currencies?.[0] : undefined, features)) !==
      (expect === "hit")
    )
      faults.push(
        document.faultAt(
          [...path, "expect"],
          `this example is a ${expect === "hit" ? "miss" : "hit"}, not a ${expect}`,
        ),
      );
  }
  return faults;
}

type Given = Readonly<Record<string, number | string | null>>;

function givenFaults(
  document: SourceDocument,
  path: Path,
  given: Given,
  features: readonly PlannedFeature[],
): RulesetFault[] {
  const faults: RulesetFault[] = [];
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name as Field] : null;
    const feature = features.some((known) => known.name === name);
    if (field === null && !feature)
      faults.push(
        document.faultAtKey(
          [...path, name],
          `${name} is not known; known names: ${[...Object.keys(FIELDS), ...features.map((known) => known.name)].join(", ")}`,
        ),
      );
    else if (
      value === null ? field?.optional !== true : typeof value !== (field?.type === "text" ? "string" : "number")
    )
      faults.push(
        document.faultAt(
          [...path, name],
          `${name} must be a ${field?.type ?? "number"}${field?.optional === true ? " or null" : ""}`,
        ),
      );
  }
  return faults;
}

/** What is not given: amount 0, source and target made up, optional fields missing, a count of 1 (this transaction). */
function factsFrom(given: Given, currency: string | undefined, features: readonly PlannedFeature[]): Facts {
  const text = (name: Field, otherwise: string): string => (given[name] as string | undefined) ?? otherwise;
  const optional = (name: Field): string | null => (given[name] as string | null | undefined) ?? null;
  return {
    amount: (given.amount as number | undefined) ?? 0,
    currency: text("currency", currency ?? "EUR"),
    source: text("source", "source"),
    target: text("target", "target"),
    id: optional("id"),
    channel: optional("channel"),
    country: optional("country"),
    category: optional("category"),
    device: optional("device"),
    features: features.map(({ name }) => (given[name] as number | undefined) ?? 1),
  };
}
