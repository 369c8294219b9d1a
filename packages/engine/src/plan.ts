import type { Calibration, Contributions, Margin } from "@weir/model";
import type { Expression, NumberExpression } from "./expression.ts";
import type { Facts } from "./facts.ts";
import type { EntityField, Feature } from "./feature.ts";
import type { Names } from "./names.ts";
import type { EntityLayout } from "./window/layout.ts";

/** The rule name of the reason that an unlisted currency gives; no rule may take it. */
export const CURRENCY_NOT_LISTED = "currency_not_listed";

/** The rule name of the reason that the model gives; no rule may take it. */
export const MODEL = "model";

export type PlannedRule = {
  readonly id: string;
  readonly when: string;
  readonly score: number;
  /** Reported when it hits; moves neither score nor outcome. */
  readonly monitor: boolean;
  readonly test: Expression["test"];
  readonly possible: Expression["possible"];
  /** Operations, names and literals of the condition: what it costs at most. */
  readonly nodes: number;
  /** How many were tried. */
  readonly examples: number;
  /** What it reads, with the reader of each: what a reason shows as observed. */
  readonly reads: readonly { readonly name: string; readonly read: (facts: Facts) => number | string | null }[];
  /** Places in the feature vector of the features among them. */
  readonly features: readonly number[];
};

/** One stage of the chain: the entity whose state it keeps, and what that is asked. */
export type PlannedEntity = {
  readonly field: EntityField;
  readonly layout: EntityLayout;
  /** In the order of the feature vector, where the first stands at `at`. */
  readonly features: readonly Feature[];
  readonly at: number;
};

/** One input of the model. */
export type ModelInput = Pick<PlannedRule, "reads"> &
  Pick<NumberExpression, "read" | "nodes"> & {
    readonly name: string;
    /** The expression as written; of a feature or field its name. */
    readonly text: string;
  };

export type TrainedModel = {
  /** Of the file's text, hex. */
  readonly sha256: string;
  readonly trees: number;
  readonly margin: Margin;
  readonly calibration: Calibration;
  readonly contributions: Contributions;
};

export type PlannedModel = {
  /** As the ruleset names it. */
  readonly file: string;
  readonly inputs: readonly ModelInput[];
  /** Null: still to be trained. */
  readonly trained: TrainedModel | null;
};

export type OutcomeName = "approve" | "review" | "decline";

/** A compiled ruleset: all that step() needs, nothing left to parse or to fail. */
export type Plan = {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the document's data, hex: comments and layout do not change it. */
  readonly documentHash: string;
  /** The same; where there is a model, of both. */
  readonly hash: string;
  /** `name@version#hash8`: what a decision is stamped with. */
  readonly label: string;
  /** Whether it has features, and so needs to know the past. */
  readonly stateful: boolean;
  readonly latenessMs: number;
  /**
   * In the order of the chain: source, then others, then target; none without features. The source is always among them,
   * since it is where duplicates are told apart.
   */
  readonly entities: readonly PlannedEntity[];
  /** The feature vector. */
  readonly features: readonly Feature[];
  /** How far behind stream time an event can still matter: the longest horizon of its entities, 0 without. */
  readonly horizonMs: number;
  readonly rules: readonly PlannedRule[];
  readonly model: PlannedModel | null;
  readonly currencies: ReadonlySet<string> | null;
  readonly otherwise: OutcomeName;
  readonly thresholds: { readonly review: number; readonly decline: number };
};

export function plannedReads(reads: readonly string[], names: Names): Pick<PlannedRule, "reads" | "features"> {
  const known = reads.map((name) => {
    const value = names.get(name);
    if (value === undefined || value.kind === "list") throw new Error(`${name} is read but not a value`);
    return { name, read: value.read, feature: value.kind === "number" ? value.feature : null };
  });
  return {
    reads: known.map(({ name, read }) => ({ name, read })),
    features: known.flatMap(({ feature }) => (feature === null ? [] : [feature])),
  };
}
