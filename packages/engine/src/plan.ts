import type { Expression } from "./expression.ts";
import type { Facts } from "./facts.ts";
import type { Names } from "./names.ts";

export type PlannedRule = {
  readonly id: string;
  readonly when: string;
  readonly score: number;
  readonly test: Expression["test"];
  /** What it reads, with the reader of each: what a reason shows as observed. */
  readonly reads: readonly { readonly name: string; readonly read: (facts: Facts) => number | string | null }[];
};

export type PlannedFeature = { readonly name: string; readonly by: "source"; readonly windowMs: number };

export type OutcomeName = "approve" | "review" | "decline";

/** A compiled ruleset: all that step() needs, nothing left to parse or to fail. */
export type Plan = {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the document's data, hex: comments and layout do not change it. */
  readonly hash: string;
  /** `name@version#hash8`: what a decision is stamped with. */
  readonly label: string;
  readonly stateful: boolean;
  readonly latenessMs: number;
  /** How far behind stream time an event can still matter: longest window + lateness; 0 without features. */
  readonly horizonMs: number;
  /** Names what the state's bytes mean. */
  readonly identity: string;
  readonly rules: readonly PlannedRule[];
  readonly features: readonly PlannedFeature[];
  readonly currencies: ReadonlySet<string> | null;
  readonly otherwise: OutcomeName;
  readonly thresholds: { readonly review: number; readonly decline: number };
};

export function plannedReads(reads: readonly string[], names: Names): PlannedRule["reads"] {
  return reads.map((name) => {
    const known = names.get(name);
    if (known === undefined || known.kind === "list") throw new Error(`${name} is read but not a value`);
    return { name, read: known.read };
  });
}
