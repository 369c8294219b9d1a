import { type Static, Type } from "typebox";
import { Id, Timestamp } from "./transaction.ts";

/** The truth about a past transaction, told late. */
export const Label = Type.Object({
  /** The transaction's `id`, else its decision id. */
  transaction: Id,
  source: Id,
  target: Id,
  /** The transaction's event time. */
  timestamp: Timestamp,
  fraud: Type.Boolean(),
  /** When the truth was known: it counts from then on. */
  labelledAt: Timestamp,
});
export type Label = Readonly<Static<typeof Label>>;

export type DecodedLabel = {
  readonly transaction: string;
  readonly source: string;
  readonly target: string;
  readonly timestampMs: number;
  readonly fraud: boolean;
  readonly labelledAtMs: number;
};
