import { type Static, Type } from "typebox";
import { Fault } from "./fault.ts";
import type { Header } from "./record.ts";
import { DECISION_ID } from "./topics.ts";

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
  /** `true` where the value is no input but a reference to one; else it is not there. */
  reference: "weir-reference",
} as const;

/**
 * Of an input that is a rejected record sent in again: decision id of the input that was rejected. It says so wherever the
 * record goes, also when it is rejected once more; nothing is decided by it, so a forged one does no harm.
 */
export const REPLAY_HEADER = "weir-replay-of";

/** What the headers of a rejected record say. Its key and value are the input's own bytes, unless it is a reference. */
export const Rejected = Type.Object({
  reason: Type.Enum(REASON_CODES),
  origin: Type.String(),
  faults: Type.Array(Fault),
  engine: Type.String(),
  duplicateOf: Type.Optional(Type.String()),
  /** Left out: no. */
  isReference: Type.Optional(Type.Boolean()),
});
export type Rejected = Readonly<Static<typeof Rejected>>;

/**
 * The value of a rejected record that was too large, or that may not be kept where ids are tokens: what to look for, and
 * where, while the input log keeps it.
 */
export const RejectedReference = Type.Object({
  /** Of the value. Left out where ids are tokens. */
  sha256: Type.Optional(Type.String({ pattern: "^[0-9a-f]{64}$" })),
  /** Bytes of the value. */
  size: Type.Integer({ minimum: 0 }),
  /** Of the record, where there is no hash to know it by. */
  timestampMs: Type.Optional(Type.Integer()),
  origin: Type.String(),
});
export type RejectedReference = Readonly<Static<typeof RejectedReference>>;

const YES = Buffer.from(String(true));

export function rejectedHeaders(rejected: Rejected): Header[] {
  const headers: Header[] = [
    [REJECTED_HEADERS.reason, Buffer.from(rejected.reason)],
    [REJECTED_HEADERS.origin, Buffer.from(rejected.origin)],
    [REJECTED_HEADERS.faults, Buffer.from(JSON.stringify(rejected.faults))],
    [REJECTED_HEADERS.engine, Buffer.from(rejected.engine)],
  ];
  if (rejected.duplicateOf !== undefined)
    headers.push([REJECTED_HEADERS.duplicateOf, Buffer.from(rejected.duplicateOf)]);
  if (rejected.isReference === true) headers.push([REJECTED_HEADERS.reference, YES]);
  return headers;
}

/** What the headers say; the reason may be one that this version does not know. */
export type RejectedNote = Omit<Rejected, "reason" | "isReference"> & {
  readonly reason: string;
  readonly isReference: boolean;
};

/** The inverse of rejectedHeaders, which stand last; null for a record that Weir did not reject. Never throws. */
export function readRejectedHeaders(headers: readonly Header[]): RejectedNote | null {
  const reason = lastText(headers, REJECTED_HEADERS.reason);
  const origin = lastText(headers, REJECTED_HEADERS.origin);
  if (reason === null || origin === null || !REASON.test(reason) || !DECISION_ID.test(origin)) return null;
  const duplicateOf = lastText(headers, REJECTED_HEADERS.duplicateOf);
  return {
    reason,
    origin,
    faults: faultsIn(lastText(headers, REJECTED_HEADERS.faults)),
    engine: lastText(headers, REJECTED_HEADERS.engine) ?? "",
    ...(duplicateOf === null ? {} : { duplicateOf }),
    // Those from before the header was there were all too large.
    isReference: reason === "too_large" || lastText(headers, REJECTED_HEADERS.reference) !== null,
  };
}

const REASON = /^[a-z_]{1,40}$/;

function lastText(headers: readonly Header[], name: string): string | null {
  return headers.findLast(([other]) => other === name)?.[1]?.toString("utf8") ?? null;
}

function faultsIn(text: string | null): Fault[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter(isFault) : [];
  } catch {
    return [];
  }
}

function isFault(value: unknown): value is Fault {
  const fault = value as Partial<Record<keyof Fault, unknown>> | null;
  return typeof fault?.field === "string" && typeof fault.expected === "string" && typeof fault.got === "string";
}
