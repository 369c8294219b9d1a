/** A letter as one line of JSON: to keep, to hand on, to mend and send in again. */
import { isUtf8 } from "node:buffer";
import type { Letter } from "./letter.ts";
import { type MaskedPayload, maskedBytes, maskedPayload } from "./mask.ts";

/** Bytes: text when they are UTF-8, else base64. Both ways back are exact. */
export type Shown = string | { readonly base64: string } | null;

export type ExportedLetter = {
  readonly origin: string;
  readonly reason: string;
  readonly faults: Letter["faults"];
  readonly engine: string;
  readonly duplicateOf?: string;
  readonly replayOf?: string;
  /** Where it lies in the rejected topic. */
  readonly at: { readonly partition: number; readonly offset: number };
  /** ISO 8601; null when the record had none. */
  readonly timestamp: string | null;
  readonly key: Shown | { readonly masked: string };
  readonly headers: readonly (readonly [name: string, value: Shown | { readonly masked: string }])[];
  readonly payload: Shown | { readonly masked: MaskedPayload };
};

/** Without `payload` nothing of it is what the producer wrote: see mask.ts. Names of headers are told. */
export function exportedLetter(letter: Letter, { payload }: { readonly payload: boolean }): ExportedLetter {
  const { origin, reason, faults, engine, duplicateOf, replayOf, partition, offset, timestampMs, isReference } = letter;
  const field = (bytes: Buffer | null) => (payload ? shown(bytes) : { masked: maskedBytes(bytes) });
  return {
    origin,
    reason,
    faults,
    engine,
    ...(duplicateOf === undefined ? {} : { duplicateOf }),
    ...(replayOf === null ? {} : { replayOf }),
    at: { partition, offset },
    timestamp: timestampMs < 0 ? null : new Date(timestampMs).toISOString(),
    key: field(letter.key),
    headers: letter.headers.map(([name, value]) => [name, field(value)] as const),
    payload: payload || isReference ? shown(letter.value) : { masked: maskedPayload(letter.value) },
  };
}

function shown(bytes: Buffer | null): Shown {
  if (bytes === null) return null;
  return isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes.toString("base64") };
}
