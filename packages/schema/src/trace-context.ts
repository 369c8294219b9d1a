/**
 * Where in a trace a record was sent, as W3C Trace Context writes it: the header `traceparent`. Any producer may send one,
 * so it is read without trust: whatever the bytes, they give a context or nothing.
 */
import type { Header } from "./record.ts";

export const TRACEPARENT_HEADER = "traceparent";

export type TraceContext = {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Whether its spans are to be recorded. */
  readonly sampled: boolean;
};

const DASH = 0x2d;
const LENGTH = 55;
const FIELDS = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** At most 55 bytes are looked at, however many there are. */
export function parseTraceparent(bytes: Buffer): TraceContext | null {
  if (bytes.length < LENGTH) return null;
  const [, version, traceId, spanId, flags] = FIELDS.exec(bytes.toString("latin1", 0, LENGTH)) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  // Later versions may say more behind another dash, version 0 may not.
  if (bytes.length > LENGTH && (version === "00" || bytes[LENGTH] !== DASH)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): Buffer {
  return Buffer.from(`00-${traceId}-${spanId}-0${sampled ? 1 : 0}`, "latin1");
}

/** What the last header of that name says, which is the one that Kafka's clients take; null unless it is sampled. */
export function sampledContext(headers: readonly Header[]): TraceContext | null {
  for (let at = headers.length - 1; at >= 0; at -= 1) {
    const [name, value] = headers[at] as Header;
    if (name !== TRACEPARENT_HEADER) continue;
    const context = value === null ? null : parseTraceparent(value);
    return context?.sampled === true ? context : null;
  }
  return null;
}
