import { type Static, Type } from "typebox";
import { Fault } from "./fault.ts";
import type { Header } from "./record.ts";

/**
 * Why an input was not decided. Codes only ever get added, so readers must take one they do not know.
 * `misrouted`: its partition is not the one its key hashes to. `foreign`: it lies in a log between our stages, and none
 * of them wrote it. `duplicate`: its source has sent this id before,
 * `duplicate_conflict`: with something else in it. `internal`: we failed, not the message.
 */
export const REASON_CODES = [
  "malformed",
  "too_large",
  "misrouted",
  "foreign",
  "from_the_future",
  "duplicate",
  "duplicate_conflict",
  "internal",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/** Of every header that Weir adds; the input's own that begin so are left out of a rejected record. */
export const REJECTED_HEADER_PREFIX = "weir-";

/** Headers of a rejected record, beside the input's own. */
export const REJECTED_HEADERS = {
  reason: "weir-reason",
  /** Decision id of the input: where it came from. */
  origin: "weir-origin",
  /** JSON array of faults. */
  faults: "weir-faults",
  /** Version of the engine that said so. */
  engine: "weir-engine",
  /** Of a duplicate only: decision id of the first one. */
  duplicateOf: "weir-duplicate-of",
} as const;

/** What the headers of a rejected record say. Its key and value are the input's own bytes, unless too_large. */
export const Rejected = Type.Object({
  reason: Type.Enum(REASON_CODES),
  origin: Type.String(),
  faults: Type.Array(Fault),
  engine: Type.String(),
  duplicateOf: Type.Optional(Type.String()),
});
export type Rejected = Readonly<Static<typeof Rejected>>;

/** The value of a rejected record that was too_large: what to look for, and where, while the input log keeps it. */
export const RejectedReference = Type.Object({
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  /** Bytes of the value. */
  size: Type.Integer({ minimum: 0 }),
  origin: Type.String(),
});
export type RejectedReference = Readonly<Static<typeof RejectedReference>>;

export function rejectedHeaders(rejected: Rejected): Header[] {
  const headers: Header[] = [
    [REJECTED_HEADERS.reason, Buffer.from(rejected.reason)],
    [REJECTED_HEADERS.origin, Buffer.from(rejected.origin)],
    [REJECTED_HEADERS.faults, Buffer.from(JSON.stringify(rejected.faults))],
    [REJECTED_HEADERS.engine, Buffer.from(rejected.engine)],
  ];
  if (rejected.duplicateOf !== undefined)
    headers.push([REJECTED_HEADERS.duplicateOf, Buffer.from(rejected.duplicateOf)]);
  return headers;
}
