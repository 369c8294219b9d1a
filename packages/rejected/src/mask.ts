/**
 * What may be told of bytes that a producer wrote: how long they are and what kind of thing they are, never a value.
 * Names of members that Weir does not know are values too: whoever puts a card number there does it by mistake.
 */
import { isUtf8 } from "node:buffer";
import { Label, Transaction } from "@weir/schema";

const KNOWN: ReadonlySet<string> = new Set([...Object.keys(Transaction.properties), ...Object.keys(Label.properties)]);

export type MaskedPayload = {
  readonly bytes: number;
  readonly is: "nothing" | "bytes that are no UTF-8" | "text that is no JSON" | "JSON";
  /** Of a JSON object: each member's name, null when it is none of ours, and the kind of its value. */
  readonly members?: readonly { readonly name: string | null; readonly kind: string }[];
  /** Of any other JSON. */
  readonly kind?: string;
};

export function maskedPayload(value: Buffer | null): MaskedPayload {
  if (value === null) return { bytes: 0, is: "nothing" };
  const bytes = value.length;
  if (!isUtf8(value)) return { bytes, is: "bytes that are no UTF-8" };
  let json: unknown;
  try {
    json = JSON.parse(value.toString("utf8"));
  } catch {
    return { bytes, is: "text that is no JSON" };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return { bytes, is: "JSON", kind: kindOf(json) };
  const members = Object.entries(json).map(([name, of]) => ({ name: KNOWN.has(name) ? name : null, kind: kindOf(of) }));
  return { bytes, is: "JSON", members };
}

export function maskedBytes(bytes: Buffer | null): string {
  if (bytes === null) return "none";
  return `${bytes.length} bytes${isUtf8(bytes) ? " of text" : ", no UTF-8"}`;
}

/** Text of others for a terminal: on one line, without control characters, bounded. */
export function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u{fffd}");
  return clean.length <= 500 ? clean : `${clean.slice(0, 500)}...`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return `string of ${value.length} characters`;
  if (Array.isArray(value)) return `array of ${value.length}`;
  if (typeof value === "object") return `object of ${Object.keys(value).length} members`;
  return typeof value;
}
