import { DocumentName, Duration, documentKind } from "@weir/engine";
import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;
const Column = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });
const column = (description: string) => Type.Optional(Column(description));
const constant = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const EventTime = Type.Object(
  {
    column: Column("The column."),
    unit: Type.Enum(["s", "ms", "rfc3339"], {
      description: "A number of seconds or of ms since `since`, or a text such as 2024-03-01T12:00:00Z.",
    }),
    since: Type.Optional(
      Type.String({ maxLength: 35, description: "When the number was 0, such as 2018-04-01T00:00:00Z; else 1970." }),
    ),
  },
  { ...closed, description: "When it happened." },
);

const Place = Type.Object(
  { latitude: Column("Degrees, -90 to 90."), longitude: Column("Degrees, -180 to 180.") },
  { ...closed, description: "Where it happened." },
);

const Members = Type.Object(
  {
    source: column("Who pays: a customer, card or account."),
    target: column("Who is paid: a merchant, terminal or account."),
    amount: Column("Major units, such as 912.50."),
    currency: column("Three capitals, such as EUR."),
    id: column("The transaction's own; without one, its label names it by its place in the file."),
    timestamp: EventTime,
    channel: column("Text."),
    country: column("Text."),
    category: column("Text."),
    device: column("Text."),
    location: Type.Optional(Place),
  },
  { ...closed, description: "Member of the transaction: column. An empty value is one that is not there." },
);

const Constants = Type.Object(
  {
    source: constant("Who pays, in every row."),
    target: constant("Who is paid, in every row."),
    currency: Type.Optional(
      Type.String({
        pattern: "^[A-Z]{3}$",
        patternErrorMessage: "must be three capitals, such as EUR",
        description: "Three capitals, such as EUR.",
      }),
    ),
    channel: constant("Text."),
    country: constant("Text."),
    category: constant("Text."),
    device: constant("Text."),
  },
  { ...closed, description: "Member of the transaction: what it is in every row." },
);

const Truth = Type.Object(
  {
    column: Column("The column. An empty value: not known."),
    fraud: Type.Optional(Type.String({ minLength: 1, description: "What stands there for fraud; 1 if left out." })),
    genuine: Type.Optional(Type.String({ minLength: 1, description: "What stands there otherwise; 0 if left out." })),
    delay: Type.String({ ...Duration, description: "How long after its transaction the truth is known, at most 90d." }),
  },
  { ...closed, description: "The truth about each transaction. It reaches the engine as labels, and in no other way." },
);

/**
 * JSON Schema of a column document, and the source of its type: what the columns of a file (the top-level members of
 * each line, for JSONL) are to Weir. What a schema cannot say is checked by compileColumns.
 */
export const ColumnsDocument = Type.Object(
  {
    name: Type.String({ ...DocumentName, description: "What the data are called." }),
    description: Type.Optional(Type.String({ maxLength: 10_000, description: "What they are." })),
    transaction: Members,
    constants: Type.Optional(Constants),
    label: Type.Optional(Truth),
    never: Type.Optional(
      Type.Array(Column("A column."), {
        maxItems: 100,
        uniqueItems: true,
        description: "Columns that tell the truth too: for scoring, and never in a transaction.",
      }),
    ),
  },
  { ...closed, title: "Weir columns", description: "What the columns of a file of transactions are to Weir." },
);
export type ColumnsDocument = Static<typeof ColumnsDocument>;

export const COLUMNS = documentKind("a column document", 64 * 1024, ColumnsDocument);
