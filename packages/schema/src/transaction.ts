import { type Static, Type } from "typebox";
import { MAX_TIMESTAMP_MS } from "./timestamp.ts";

/** An id, as short or long as its producer likes; well-formed Unicode, since lone surrogates would merge in UTF-8. */
export const Id = Type.String({ minLength: 1 });

/** Epoch ms, or RFC 3339 with a zone: see parseTimestamp. */
export const Timestamp = Type.Union([
  Type.Integer({ minimum: 0, maximum: MAX_TIMESTAMP_MS }),
  Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$" }),
]);

export const Location = Type.Object({
  latitude: Type.Number({ minimum: -90, maximum: 90 }),
  longitude: Type.Number({ minimum: -180, maximum: 180 }),
});

/** null says the same as leaving the member out. */
const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]));

/**
 * What a producer sends: four members, the rest optional. Members that are not named here pass through
 * untouched, except `decision`, which is ours to write. decodeTransaction is stricter where a schema cannot
 * say it: decimals by currency, the calendar, well-formed text, each name once.
 */
export const Transaction = Type.Object({
  source: Id,
  target: Id,
  /** Major units. > 0, no more decimals than the currency has, at most MAX_AMOUNT_MINOR minor units. */
  amount: Type.Number({ exclusiveMinimum: 0 }),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
  id: Type.Optional(Type.Union([Id, Type.Null()])),
  timestamp: Type.Optional(Type.Union([Timestamp, Type.Null()])),
  channel: Text,
  country: Text,
  category: Text,
  device: Text,
  location: Type.Optional(Type.Union([Location, Type.Null()])),
});
export type Transaction = Readonly<Static<typeof Transaction>>;

/** A transaction as rules read it. Absent optional members are null. */
export type DecodedTransaction = {
  readonly id: string | null;
  readonly source: string;
  readonly target: string;
  readonly currency: string;
  /** Minor units of the currency: 1 to MAX_AMOUNT_MINOR. */
  readonly amountMinor: number;
  /** Decimals of the currency's major unit: amount = amountMinor / 10^exponent. */
  readonly exponent: number;
  readonly timestampMs: number | null;
  readonly channel: string | null;
  readonly country: string | null;
  readonly category: string | null;
  readonly device: string | null;
  readonly location: Readonly<Static<typeof Location>> | null;
};
