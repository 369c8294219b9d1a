import { DocumentName, Duration, documentKind } from "@weir/engine";
import { type Static, type TSchema, Type } from "typebox";

const closed = { additionalProperties: false } as const;
const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

const Share = (description: string, maximum = 1) => Type.Number({ minimum: 0, maximum, description });
const Amount = (description: string) => Type.Number({ minimum: 0.01, maximum: 1_000_000, description });
const Span = (description: string, bound: TSchema) =>
  Type.Object({ from: bound, to: bound }, { ...closed, description }) as unknown as SpanSchema;
type SpanSchema = ReturnType<typeof anySpan>;
const anySpan = () => Type.Object({ from: Type.Number(), to: Type.Number() });

const amounts = (description: string) => Span(description, Amount("Major units."));
const times = (description: string) =>
  Span(description, Type.Integer({ minimum: 1, maximum: 1_000, description: "How many." }));
const Time = (description: string) =>
  Type.String({ ...Duration, description: `${description}. A whole number and s, m, h or d.` });

const Customers = Type.Object(
  {
    payments_per_day: Span(
      "How often customers pay, spread evenly over them.",
      Type.Number({ minimum: 0, maximum: 1_000, description: "Payments a day." }),
    ),
    mean_amount: amounts("What customers pay on average, spread evenly over them."),
    amounts: Type.Enum(["lognormal", "normal"], {
      description:
        "How a customer's amounts lie around the mean: most below it and few far above, or as many on both sides.",
    }),
    spread: Type.Number({
      minimum: 0,
      maximum: 3,
      description: "Deviation of those amounts: of their logarithm, or as a share of the mean where they are normal.",
    }),
    least: Amount("No payment is smaller, major units."),
    most: Amount("No payment is larger, major units."),
    reach: Type.Number({
      minimum: 0,
      maximum: 100,
      description: "How far from home customers pay, on a map of 100 by 100.",
    }),
    regular: Type.Integer({
      minimum: 0,
      maximum: 100,
      description:
        "How many merchants within reach a customer goes to again and again; the first far more than the last.",
    }),
    elsewhere: Share("Of payments at merchants within reach: made at any of them, not at a regular one."),
    online: Share("Of all payments: made to a shop on the net, few of which take most."),
    large: optional(
      Type.Object(
        { share: Share("Of all payments."), amount: amounts("Each as likely.") },
        { ...closed, description: "Genuine payments of an amount that has nothing to do with habits." },
      ),
    ),
    abroad: optional(Share("Of a customer's weeks: spent in another country.")),
  },
  { ...closed, description: "Who pays. Their number is what the rate needs." },
);

const Merchants = Type.Object(
  {
    per_customer: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: "Merchants on the map for each customer.",
    }),
    online: Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Shops on the net." }),
  },
  { ...closed, description: "Who is paid." },
);

const OF_ALL = "Of all payments: those of this attack.";

const Attacks = Type.Object(
  {
    card_testing: optional(
      Type.Object(
        {
          share: Share(OF_ALL, 0.1),
          tries: times("Small payments of one card, at one shop on the net after another."),
          apart: optional(Time("Between two tries at most; 30s if left out")),
          amount: amounts("Of a try."),
          after: amounts("Of the one or two payments that follow."),
          within: optional(Time("How soon after the last try those are made at the latest; 30m if left out")),
        },
        { ...closed, description: "Stolen card numbers are tried out with small payments before they are used." },
      ),
    ),
    account_takeover: optional(
      Type.Object(
        {
          share: Share(OF_ALL, 0.1),
          payments: times("Made from a new device, to people never paid before."),
          amount: amounts("Of each."),
          within: optional(Time("How long it takes at most; 2h if left out")),
        },
        { ...closed, description: "Somebody else logs in and empties an account." },
      ),
    ),
    mules: optional(
      Type.Object(
        {
          share: Share(OF_ALL, 0.1),
          payers: times("Victims who pay the mule."),
          amount: amounts("What each pays."),
          out: times("Payments of the mule, each to another account."),
          within: optional(Time("How long the money takes to come in, and then to go out; 1h if left out")),
        },
        { ...closed, description: "Money of many victims comes together at one account, and leaves it at once." },
      ),
    ),
    structuring: optional(
      Type.Object(
        {
          share: Share(OF_ALL, 0.1),
          payments: times("To three accounts."),
          below: Amount("The threshold; each amount is up to 15 % below it. Major units."),
          within: optional(Time("How long it takes at most; 24h if left out")),
        },
        { ...closed, description: "A large sum is cut into payments just under a threshold." },
      ),
    ),
    impossible_travel: optional(
      Type.Object(
        {
          share: Share(OF_ALL, 0.1),
          payments: times("Made abroad, after a payment of the owner at home."),
          amount: amounts("Of each."),
          within: optional(Time("How soon after that payment at the latest; 1h if left out")),
        },
        { ...closed, description: "A cloned card pays in another country while its owner pays at home." },
      ),
    ),
    large_amounts: optional(
      Type.Object(
        { above: Amount("Major units.") },
        { ...closed, description: "Every payment above an amount is fraud: the handbook's first scenario." },
      ),
    ),
    merchant_compromise: optional(
      Type.Object(
        {
          merchants_per_day: Share("Of the merchants on the map: newly compromised each day.", 0.1),
          days: Type.Integer({ minimum: 1, maximum: 365, description: "For how long." }),
          share: Share("Of the payments made there in that time: fraud."),
        },
        { ...closed, description: "What is paid at a compromised merchant is fraud: the handbook's second scenario." },
      ),
    ),
    stolen_credentials: optional(
      Type.Object(
        {
          customers_per_day: Share("Of the customers: newly robbed each day.", 0.1),
          days: Type.Integer({ minimum: 1, maximum: 365, description: "For how long." }),
          share: Share("Of the customer's payments in that time: fraud."),
          factor: Type.Number({ minimum: 1, maximum: 100, description: "What their amounts are multiplied by." }),
        },
        {
          ...closed,
          description: "Some payments of a customer are somebody else's, and dearer: the handbook's third.",
        },
      ),
    ),
  },
  { ...closed, description: "What is fraud, each kind at most once." },
);

const Drift = Type.Object(
  {
    after: Time("When it begins"),
    over: Time("How long it takes, evenly"),
    amounts: optional(
      Type.Number({
        minimum: 0.1,
        maximum: 10,
        description: "What amounts are multiplied by in the end; 1 if left out.",
      }),
    ),
    online: optional(Share("The share of payments on the net in the end; as before if left out.")),
    elsewhere: optional(Share("The share of payments away from regular merchants in the end; as before if left out.")),
  },
  { ...closed, description: "How the genuine behaviour changes." },
);

const Labels = Type.Object(
  {
    share: Share("Of the frauds: ever reported."),
    delay: Type.Object(
      { from: Time("The shortest"), to: Time("The longest") },
      { ...closed, description: "From a fraud to when it is known, spread evenly; at most 90d." },
    ),
  },
  { ...closed, description: "How the truth comes to light." },
);

const Held = (description: string) =>
  optional(
    Type.Object(
      { share: Share("Of the messages.", 0.5), by: Time("At most this long; each time as likely") },
      { ...closed, description },
    ),
  );

const Noise = Type.Object(
  {
    duplicates: Held("Messages that are sent once more, the same bytes, later."),
    disorder: Held("Messages that are held up, so that later payments come before them."),
    late: Held("The same, for those that come later than a ruleset waits for."),
    garbage: optional(Share("Of the messages: no transactions, in one of many ways.", 0.5)),
  },
  { ...closed, description: "What goes wrong on the way." },
);

/**
 * JSON Schema of a scenario document, and the source of its type: who pays whom, what is fraud among it, how that comes to
 * light, what goes wrong on the way. What a schema cannot say is checked by compileScenario.
 */
export const ScenarioDocument = Type.Object(
  {
    name: Type.String({ ...DocumentName, description: "What the scenario is called; a part of its payments' ids." }),
    description: optional(Type.String({ maxLength: 10_000, description: "What it shows." })),
    customers: Customers,
    merchants: Merchants,
    attacks: optional(Attacks),
    drift: optional(Drift),
    labels: optional(Labels),
    noise: optional(Noise),
  },
  { ...closed, title: "Weir scenario", description: "A made-up stream of payments with the truth in it." },
);
export type ScenarioDocument = Static<typeof ScenarioDocument>;

export const SCENARIO = documentKind("a scenario", 64 * 1024, ScenarioDocument);
