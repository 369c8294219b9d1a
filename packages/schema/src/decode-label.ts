import { type Fault, WHOLE } from "./fault.ts";
import { type DecodedLabel, Label } from "./label.ts";
import { Members } from "./members.ts";

export type LabelResult =
  | { readonly ok: true; readonly label: DecodedLabel }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const members = new Members(Object.keys(Label.properties));

const TRANSACTION = members.slot("transaction");
const SOURCE = members.slot("source");
const TARGET = members.slot("target");
const TIMESTAMP = members.slot("timestamp");
const FRAUD = members.slot("fraud");
const LABELLED_AT = members.slot("labelledAt");

/** Bytes of a message to a label, or to everything that is wrong with it. Never throws. */
export function decodeLabel(value: Buffer | null): LabelResult {
  const faults: Fault[] = [];
  if (value === null)
    return { ok: false, faults: [{ field: WHOLE, expected: "a JSON object", got: "null (a tombstone)" }] };
  if (!members.open(value, faults)) return { ok: false, faults };
  const label: DecodedLabel = {
    transaction: members.string(TRANSACTION, "non-empty string", false, faults),
    source: members.string(SOURCE, "non-empty string", false, faults),
    target: members.string(TARGET, "non-empty string", false, faults),
    timestampMs: members.timestamp(TIMESTAMP, faults),
    fraud: members.boolean(FRAUD, faults),
    labelledAtMs: members.timestamp(LABELLED_AT, faults),
  };
  return faults.length > 0 ? { ok: false, faults } : { ok: true, label };
}
