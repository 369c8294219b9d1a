/**
 * What to send in place of a letter's own bytes: a line of an export whose `payload`, and `key` if need be, were mended.
 * All other members are for people and are not looked at.
 */
import { DECISION_ID } from "@weir/schema";

export type Fixed = {
  readonly origin: string;
  readonly payload: Buffer;
  /** Undefined: the letter's own. */
  readonly key: Buffer | null | undefined;
};

/** The line cannot be used; says why, and nothing of what is in it. */
export class FixedFault extends Error {
  override readonly name = "FixedFault";
}

/** Throws FixedFault. */
export function readFixed(line: string): Fixed {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new FixedFault("it is no JSON");
  }
  const { origin, payload, key } = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  if (typeof origin !== "string" || !DECISION_ID.test(origin))
    throw new FixedFault("origin must be a decision id: TOPIC/PARTITION/OFFSET");
  const bytes = bytesIn(payload, "payload");
  if (bytes === null || bytes === undefined) throw new FixedFault("payload is missing");
  return { origin, payload: bytes, key: bytesIn(key, "key") };
}

function bytesIn(value: unknown, name: string): Buffer | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === "string") return Buffer.from(value);
  const { base64, masked } = value as { readonly base64?: unknown; readonly masked?: unknown };
  // Whoever exported without the key has not changed it.
  if (masked !== undefined && name === "key") return undefined;
  if (masked !== undefined) throw new FixedFault(`${name} is masked: export with --payload`);
  if (typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64))
    throw new FixedFault(`${name} must be a text, or {"base64": ...}`);
  return Buffer.from(base64, "base64");
}
