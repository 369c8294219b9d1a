import { type Static, type TSchema, Type } from "typebox";
import { DocumentName, documentKind } from "./document.ts";
import * as duration from "./duration.ts";
import type { EntityField } from "./feature.ts";

/** Bounds of one document. Each is a fault of its own when crossed. */
export const LIMITS = {
  documentBytes: 64 * 1024,
  rules: 500,
  features: 50,
  modelFeatures: 100,
  examplesPerRule: 50,
  /** Examples with a history, of all rules together: each is run through states of its own. */
  histories: 250,
  /** Of one example's history, the transaction asked included. */
  historyTransactions: 100,
  lists: 100,
  listEntries: 5_000,
  expressionLength: 2_000,
  /** Longest window, longest delay and longest lateness: 90 days. */
  durationMs: 90 * 86_400_000,
  /** Of an example's history: as far back as a window behind a delay can reach, and lateness. */
  agoMs: 270 * 86_400_000,
} as const;

/** What a model may call an input: its own training named them. */
export const INPUT_PATTERN = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";

/** What a rule may call a feature or a list. */
export const NAME_PATTERN = "^[a-z][a-z0-9_]{0,63}$";

export const ENTITY_FIELDS = [
  "source",
  "target",
  "currency",
  "channel",
  "country",
  "category",
  "device",
] as const satisfies readonly EntityField[];

/** Key of a feature's aggregate in the document; a feature has exactly one. */
export const AGGREGATE_KEYS = [
  "count",
  "sum",
  "mean",
  "stddev",
  "min",
  "max",
  "ratio_to_mean",
  "distinct",
  "seen",
  "since_last",
  "fraud_count",
  "fraud_ratio",
] as const;
export type AggregateKey = (typeof AGGREGATE_KEYS)[number];

const closed = { additionalProperties: false } as const;
const exactlyOne = (...names: readonly string[]) => ({ oneOf: names.map((name) => ({ required: [name] })) });
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const yes = (description: string) => optional(Type.Literal(true, { description }));
const amount = (description: string) => optional(Type.Literal("amount", { description }));
const Share = (description: string, minimum: object = { minimum: 0 }) =>
  Type.Number({ ...minimum, maximum: 1, description });
const Duration = (description: string) =>
  Type.String({ ...duration.Duration, description: `${description}. A whole number and s, m, h or d.` });
const Field = (description: string) => Type.Enum([...ENTITY_FIELDS], { description });
const CurrencyCode = (description: string) =>
  Type.String({ pattern: "^[A-Z]{3}$", patternErrorMessage: "must be three capitals, such as EUR", description });

const FeatureDocument = Type.Object(
  {
    by: Type.Union(
      [
        Field("All transactions with this one's value of the field."),
        Type.Array(Field("source, target or another text field."), {
          minItems: 2,
          maxItems: 2,
          description: "Of the first field's transactions only those that share the second as well.",
        }),
      ],
      { description: "Whose transactions: source, target, any other text field, or a pair such as [source, target]." },
    ),
    count: yes("How many transactions."),
    sum: amount("Sum of the amounts in the transaction's own currency."),
    mean: amount("Mean of the amounts in the transaction's own currency. Missing when the window is empty."),
    stddev: amount("Standard deviation (of the population) of those amounts. Missing when the window is empty."),
    min: amount("Least of those amounts. Missing when the window is empty."),
    max: amount("Greatest of those amounts. Missing when the window is empty."),
    ratio_to_mean: amount("The transaction's amount / the mean of the window. Missing when the window is empty."),
    distinct: optional(Field("How many different values of this field.")),
    seen: optional(Field("1 if an earlier transaction had this one's value of the field, else 0.")),
    since_last: yes("Milliseconds since the newest earlier transaction. Missing when there is none."),
    fraud_count: yes("How many transactions were known to be fraud by then."),
    fraud_ratio: yes("Their share of all. Missing when the window is empty."),
    over: Duration("Length of the window, at most 90d"),
    delay: optional(Duration("The window ends this long before the transaction, at most 90d")),
    before: yes("Leaves the transaction itself out."),
    otherwise: optional(
      Type.Number({ description: "The value for an empty window, so that rules need not ask first." }),
    ),
  },
  {
    ...closed,
    ...exactlyOne(...AGGREGATE_KEYS),
    description: "What rules can know about the past: one aggregate of the transactions of a window.",
  },
);
export type FeatureDocument = Static<typeof FeatureDocument>;

const Value = Type.Unsafe<number | string | null>({
  type: ["number", "string", "null"],
  description: "A number or text; null says that it is missing.",
});

const Past = Type.Object(
  {
    ago: optional(Duration("How long before the transaction that is asked; the last has none")),
    amount: optional(Type.Number({ description: "Major units; 1 if left out." })),
    source: optional(Type.String({ description: "The same made-up one if left out." })),
    target: optional(Type.String({ description: "The same made-up one if left out." })),
    currency: optional(CurrencyCode("The first of currencies, else EUR, if left out.")),
    ...Object.fromEntries(
      (["id", "channel", "country", "category", "device"] as const).map((name) => [
        name,
        optional(Type.String({ description: "Missing if left out." })),
      ]),
    ),
    labelled: optional(
      Type.Object(
        {
          fraud: Type.Boolean({ description: "What the transaction turned out to be." }),
          ago: Duration("How long before the transaction that is asked this was known"),
        },
        { ...closed, description: "The truth about it, told later." },
      ),
    ),
  },
  { ...closed, description: "A transaction; of what it leaves out there is as little as can be." },
);
export type PastDocument = Static<typeof Past> & { readonly [Name in "id" | EntityField]?: string };

const Example = Type.Object(
  {
    given: optional(
      Type.Record(Type.String(), Value, {
        description: "Values of fields and features. What is left out is as in a first transaction.",
      }),
    ),
    history: optional(
      Type.Array(Past, {
        minItems: 1,
        maxItems: LIMITS.historyTransactions,
        description: "Transactions of the past in their order; the last is the one that is asked.",
      }),
    ),
    expect: Type.Enum(["hit", "miss"], { description: "Whether the rule's condition holds." }),
  },
  { ...closed, ...exactlyOne("given", "history"), description: "Tried whenever the ruleset is read." },
);
export type ExampleDocument = Static<typeof Example>;

const Rule = Type.Object(
  {
    id: Type.String({
      pattern: "^[a-z0-9][a-z0-9_-]{0,63}$",
      patternErrorMessage: "must be of a-z, 0-9, _ and -, at most 64",
      description: "What reasons and metrics call it.",
    }),
    when: Type.String({
      minLength: 1,
      maxLength: LIMITS.expressionLength,
      description: "The condition, such as: amount >= 900 && country != null && country in risky",
    }),
    score: Share("How sure a hit is fraud, 0 to 1. The greatest of the rules that hit counts."),
    monitor: yes("Reported when it hits, but never moves score or outcome: to try a rule on live traffic."),
    description: optional(Type.String({ maxLength: 2_000, description: "Why the rule is there." })),
    examples: optional(Type.Array(Example, { maxItems: LIMITS.examplesPerRule, description: "Hits and misses." })),
  },
  { ...closed, description: "One reason to stop a transaction." },
);
export type RuleDocument = Static<typeof Rule>;

const Model = Type.Object(
  {
    file: Type.String({
      pattern: "^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,7}\\.json$",
      patternErrorMessage: "must be the path of a .json file beside the ruleset or below it",
      maxLength: 200,
      description: "The trees, as XGBoost's save_model writes them, beside the ruleset.",
    }),
    sha256: optional(
      Type.String({
        pattern: "^[0-9a-f]{64}$",
        patternErrorMessage: "must be 64 of 0-9 and a-f",
        description: "Of the file's bytes: another file than this is refused.",
      }),
    ),
    features: Type.Array(
      Type.Union([
        Type.String({
          pattern: INPUT_PATTERN,
          patternErrorMessage: "must be a name, or a name with an expression such as night: hour <= 6",
          description: "A feature or a field that is a number.",
        }),
        Type.Record(
          Type.String({ pattern: INPUT_PATTERN }),
          Type.String({ minLength: 1, maxLength: LIMITS.expressionLength, description: "A number, or a condition." }),
          { ...closed, minProperties: 1, maxProperties: 1, description: "A name of its own, and how it is computed." },
        ),
      ]),
      { minItems: 1, maxItems: LIMITS.modelFeatures, description: "The model's inputs, in the order of its training." },
    ),
  },
  { ...closed, description: "A trained model. Its score counts beside those of the rules: the greatest is taken." },
);
export type ModelDocument = Static<typeof Model>;

/**
 * JSON Schema of a ruleset document, and the source of its type. What a schema cannot say (expressions,
 * names, order of the thresholds, examples) is checked by compileRuleset.
 */
export const RulesetDocument = Type.Object(
  {
    name: Type.String({ ...DocumentName, description: "Stamped on decisions as name@version." }),
    version: Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "Counts the changes." }),
    description: optional(Type.String({ maxLength: 10_000, description: "What it is for." })),
    currencies: optional(
      Type.Array(CurrencyCode("Three capitals, such as EUR."), {
        minItems: 1,
        maxItems: 300,
        description: "Currencies that the rules were written for; every currency if left out.",
      }),
    ),
    otherwise: optional(
      Type.Enum(["approve", "review", "decline"], {
        description: "The least outcome for a currency that is not listed; review if left out.",
      }),
    ),
    lateness: optional(
      Duration(
        "How far behind the newest transaction of its partition one may be and still be counted; 1h if left out",
      ),
    ),
    features: optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), FeatureDocument, {
        ...closed,
        maxProperties: LIMITS.features,
        description: "Names for what rules can know about the past.",
      }),
    ),
    lists: optional(
      Type.Record(
        Type.String({ pattern: NAME_PATTERN }),
        Type.Array(Type.String({ maxLength: 256 }), { maxItems: LIMITS.listEntries, description: "Texts." }),
        { ...closed, maxProperties: LIMITS.lists, description: "Names for lists of texts: country in risky." },
      ),
    ),
    rules: Type.Array(Rule, {
      minItems: 1,
      maxItems: LIMITS.rules,
      description: "All are tried on every transaction.",
    }),
    model: optional(Model),
    thresholds: Type.Object(
      {
        review: Share("From this score on a person looks at it.", { exclusiveMinimum: 0 }),
        decline: Share("From this score on it is declined.", { exclusiveMinimum: 0 }),
      },
      { ...closed, description: "What a score becomes: approve below review, decline from decline on." },
    ),
  },
  { ...closed, title: "Weir ruleset", description: "Features, rules with examples and thresholds of one detector." },
);
export type RulesetDocument = Static<typeof RulesetDocument>;

export const RULESET = documentKind("a ruleset", LIMITS.documentBytes, RulesetDocument);
