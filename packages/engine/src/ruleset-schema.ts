import { type Static, Type } from "typebox";
import { DocumentName, documentKind } from "./document.ts";
import { Duration } from "./duration.ts";

/** Bounds of one document. Each is a fault of its own when crossed. */
export const LIMITS = {
  documentBytes: 256 * 1024,
  rules: 500,
  features: 50,
  examplesPerRule: 50,
  lists: 100,
  listEntries: 10_000,
  expressionLength: 2_000,
  /** Longest window, and longest lateness: 90 days. */
  durationMs: 90 * 86_400_000,
} as const;

/** What a rule may call a feature or a list. */
export const NAME_PATTERN = "^[a-z][a-z0-9_]{0,63}$";

const closed = { additionalProperties: false } as const;
const CurrencyCode = Type.String({
  pattern: "^[A-Z]{3}$",
  patternErrorMessage: "must be three capitals, such as EUR",
});
const Share = Type.Number({ minimum: 0, maximum: 1 });

/** How many transactions the `by` of this one has made within `over` before it, itself included. */
const CountFeature = Type.Object({ by: Type.Literal("source"), count: Type.Literal(true), over: Duration }, closed);

const Example = Type.Object(
  {
    given: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()])),
    expect: Type.Union([Type.Literal("hit"), Type.Literal("miss")]),
  },
  closed,
);

const Rule = Type.Object(
  {
    id: Type.String({
      pattern: "^[a-z0-9][a-z0-9_-]{0,63}$",
      patternErrorMessage: "must be of a-z, 0-9, _ and -, at most 64",
    }),
    when: Type.String({ minLength: 1, maxLength: LIMITS.expressionLength }),
    score: Share,
    description: Type.Optional(Type.String({ maxLength: 2_000 })),
    examples: Type.Optional(Type.Array(Example, { maxItems: LIMITS.examplesPerRule })),
  },
  closed,
);

/**
 * JSON Schema of a ruleset document, and the source of its type. What a schema cannot say (expressions,
 * names, order of the thresholds, examples) is checked by compileRuleset.
 */
export const RulesetDocument = Type.Object(
  {
    name: DocumentName,
    version: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    /** Currencies that the rules were written for; every currency if left out. */
    currencies: Type.Optional(Type.Array(CurrencyCode, { minItems: 1, maxItems: 300 })),
    /** The least outcome for a currency that is not listed; review if left out. */
    otherwise: Type.Optional(Type.Union([Type.Literal("approve"), Type.Literal("review"), Type.Literal("decline")])),
    /** How far behind the partition's stream time an event may be and still be stored; 1h if left out. */
    lateness: Type.Optional(Duration),
    features: Type.Optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), CountFeature, { ...closed, maxProperties: LIMITS.features }),
    ),
    lists: Type.Optional(
      Type.Record(
        Type.String({ pattern: NAME_PATTERN }),
        Type.Array(Type.String({ maxLength: 256 }), { maxItems: LIMITS.listEntries }),
        { ...closed, maxProperties: LIMITS.lists },
      ),
    ),
    rules: Type.Array(Rule, { minItems: 1, maxItems: LIMITS.rules }),
    thresholds: Type.Object({ review: Share, decline: Share }, closed),
  },
  closed,
);
export type RulesetDocument = Static<typeof RulesetDocument>;

export const RULESET = documentKind("a ruleset", LIMITS.documentBytes, RulesetDocument);
