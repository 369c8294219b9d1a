import { DocumentName, Duration, documentKind } from "@weir/engine";
import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;
const Column = Type.String({ minLength: 1, maxLength: 256 });

const EventTime = Type.Object(
  {
    column: Column,
    /** A number of seconds or ms since `since`, or RFC 3339 text such as 2024-03-01T12:00:00Z. */
    unit: Type.Union([Type.Literal("s"), Type.Literal("ms"), Type.Literal("rfc3339")]),
    /** RFC 3339; 1970 if left out. */
    since: Type.Optional(Type.String({ maxLength: 35 })),
  },
  closed,
);

/**
 * JSON Schema of a column document, and the source of its type: what the columns of a file (the top-level members of
 * each line, for JSONL) are to Weir. What a schema cannot say is checked by compileColumns.
 */
export const ColumnsDocument = Type.Object(
  {
    name: DocumentName,
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    /** Member of the transaction: column. An empty value is one that is not there. */
    transaction: Type.Object(
      {
        source: Type.Optional(Column),
        target: Type.Optional(Column),
        amount: Column,
        currency: Type.Optional(Column),
        id: Type.Optional(Column),
        timestamp: EventTime,
        channel: Type.Optional(Column),
        country: Type.Optional(Column),
        category: Type.Optional(Column),
        device: Type.Optional(Column),
        location: Type.Optional(Type.Object({ latitude: Column, longitude: Column }, closed)),
      },
      closed,
    ),
    /** Member of the transaction: what it is in every row. */
    constants: Type.Optional(
      Type.Object(
        {
          source: Type.Optional(Type.String({ minLength: 1 })),
          target: Type.Optional(Type.String({ minLength: 1 })),
          currency: Type.Optional(
            Type.String({ pattern: "^[A-Z]{3}$", patternErrorMessage: "must be three capitals, such as EUR" }),
          ),
          channel: Type.Optional(Type.String()),
          country: Type.Optional(Type.String()),
          category: Type.Optional(Type.String()),
          device: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    /** The truth. An empty value: not known. */
    label: Type.Optional(
      Type.Object(
        {
          column: Column,
          /** The value that means fraud, as it is written in the file; 1 if left out. */
          fraud: Type.Optional(Type.String({ minLength: 1 })),
          /** 0 if left out. */
          genuine: Type.Optional(Type.String({ minLength: 1 })),
          /** How long after its transaction the truth is known. */
          delay: Duration,
        },
        closed,
      ),
    ),
    /** Columns that tell the truth too: readers hand them out beside the transaction, for scoring, and never in it. */
    never: Type.Optional(Type.Array(Column, { maxItems: 100, uniqueItems: true })),
  },
  closed,
);
export type ColumnsDocument = Static<typeof ColumnsDocument>;

export const COLUMNS = documentKind("a column document", 64 * 1024, ColumnsDocument);
