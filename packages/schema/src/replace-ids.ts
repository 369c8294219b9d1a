/** A message with other ids: those of whom and what it names, which logs and states are keyed by. */
import type { Fault } from "./fault.ts";
import { Label } from "./label.ts";
import { Members } from "./members.ts";
import { Transaction } from "./transaction.ts";

/** Of a transaction. */
export const ID_MEMBERS = ["source", "target", "device"] as const;

export type MessageKind = "transaction" | "label";

const members = new Members([
  ...new Set([...Object.keys(Transaction.properties), ...Object.keys(Label.properties), "decision"]),
]);
const slotsOf = (names: readonly string[]) => names.map((name) => members.slot(name));
const SLOTS = { transaction: slotsOf(ID_MEMBERS), label: slotsOf(["source", "target"]) };

/**
 * All but the ids stays byte for byte; one that is missing, null or empty does too. Null for what is no JSON object, has a
 * member twice, or an id that is no well-formed text: none of these is ever decoded. Never throws but as `replace` does.
 */
export function replaceIds(value: Buffer | null, kind: MessageKind, replace: (id: string) => string): Buffer | null {
  const faults: Fault[] = [];
  if (value === null || !members.open(value, faults)) return null;
  const slots = SLOTS[kind].filter((slot) => members.has(slot)).sort((a, b) => members.from(a) - members.from(b));
  const parts: Buffer[] = [];
  let at = 0;
  for (const slot of slots) {
    const id = members.string(slot, "string", true, faults);
    if (id === "") continue;
    parts.push(value.subarray(at, members.from(slot)), Buffer.from(JSON.stringify(replace(id))));
    at = members.to(slot);
  }
  return faults.length > 0 ? null : Buffer.concat([...parts, value.subarray(at)]);
}
