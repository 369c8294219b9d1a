import { type Currency, MAX_AMOUNT_MINOR } from "./currency.ts";
import { NEGATIVE } from "./decimal.ts";
import { type Fault, WHOLE } from "./fault.ts";
import { Members } from "./members.ts";
import { type DecodedTransaction, Location, Transaction } from "./transaction.ts";

/**
 * `text` is the whole message as it came; `closeAt` is the index in it of the object's last brace, where
 * `,"decision":{...}` goes in front. `closeAtByte` is the same place in the bytes.
 */
export type TransactionResult =
  | {
      readonly ok: true;
      readonly transaction: DecodedTransaction;
      readonly text: string;
      readonly closeAt: number;
      readonly closeAtByte: number;
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

// One more name than the schema has: a message must not bring a decision of its own.
const members = new Members([...Object.keys(Transaction.properties), "decision"]);
const place = new Members(Object.keys(Location.properties), "location.");

const ID = members.slot("id");
const SOURCE = members.slot("source");
const TARGET = members.slot("target");
const AMOUNT = members.slot("amount");
const CURRENCY = members.slot("currency");
const TIMESTAMP = members.slot("timestamp");
const CHANNEL = members.slot("channel");
const COUNTRY = members.slot("country");
const CATEGORY = members.slot("category");
const DEVICE = members.slot("device");
const LOCATION = members.slot("location");
const DECISION = members.slot("decision");
const LATITUDE = place.slot("latitude");
const LONGITUDE = place.slot("longitude");

/**
 * Bytes of a message to a transaction, or to everything that is wrong with it. Never throws; its cost is
 * linear in the size, so the caller bounds the size. Strings are copies: keeping one keeps no message alive.
 *
 * `leastAmountMinor` 0 is for data sets, which hold payments of 0.00 that count; the input topic refuses them.
 */
export function decodeTransaction(value: Buffer | null, leastAmountMinor: 0 | 1 = 1): TransactionResult {
  const faults: Fault[] = [];
  if (value === null)
    return { ok: false, faults: [{ field: WHOLE, expected: "a JSON object", got: "null (a tombstone)" }] };
  if (!members.open(value, faults)) return { ok: false, faults };

  const source = members.string(SOURCE, "non-empty string", false, faults);
  const target = members.string(TARGET, "non-empty string", false, faults);
  const currency = members.currency(CURRENCY, faults);
  const transaction: DecodedTransaction = {
    id: members.optionalString(ID, "non-empty string", false, faults),
    source,
    target,
    currency: currency?.code ?? "",
    amountMinor: readAmount(currency, leastAmountMinor, faults),
    exponent: currency?.exponent ?? 0,
    timestampMs: members.has(TIMESTAMP) ? members.timestamp(TIMESTAMP, faults) : null,
    channel: members.optionalString(CHANNEL, "string", true, faults),
    country: members.optionalString(COUNTRY, "string", true, faults),
    category: members.optionalString(CATEGORY, "string", true, faults),
    device: members.optionalString(DEVICE, "string", true, faults),
    location: members.has(LOCATION) ? readLocation(faults) : null,
  };
  if (members.present(DECISION)) members.fault(DECISION, "no decision yet", "a decision", faults);
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, transaction, text: members.text, closeAt: members.closeAt, closeAtByte: members.closeAtByte };
}

/** 0 on a fault. Without a currency nothing is known of decimals or size. */
function readAmount(currency: Currency | null, least: 0 | 1, faults: Fault[]): number {
  const exponent = currency?.exponent ?? 0;
  const minor = members.scaledInteger(AMOUNT, exponent, MAX_AMOUNT_MINOR);
  if (minor >= least) return minor;
  if (Number.isNaN(minor) || minor === 0 || minor === NEGATIVE) {
    members.numberFault(AMOUNT, "number > 0", minor, faults);
  } else if (currency !== null) {
    const expected = `number with at most ${exponent} decimals for ${currency.code}, at most ${MAX_AMOUNT_MINOR / 10 ** exponent}`;
    members.numberFault(AMOUNT, expected, minor, faults);
  }
  return 0;
}

function readLocation(faults: Fault[]): DecodedTransaction["location"] {
  if (!members.isObject(LOCATION)) {
    members.fault(LOCATION, "object of latitude and longitude", members.got(LOCATION), faults);
    return null;
  }
  place.openAt(members, LOCATION, faults);
  return { latitude: place.degrees(LATITUDE, 90, faults), longitude: place.degrees(LONGITUDE, 180, faults) };
}
