/** Records that cannot be decided: what of them is kept, and what is said about them. */
import { createHash } from "node:crypto";
import {
  decisionId,
  type Fault,
  type Header,
  type LogRecord,
  type NewRecord,
  REJECTED_HEADER_PREFIX,
  REPLAY_HEADER,
  type ReasonCode,
  rejectedHeaders,
} from "@weir/schema";
import type { Tokens } from "./tokens.ts";
import { ENGINE_VERSION } from "./version.ts";
import type { Duplicate } from "./window/observation.ts";

export type Rejection = {
  readonly reason: ReasonCode;
  readonly faults: readonly Fault[];
  /** Of a duplicate only: decision id of the first one. */
  readonly duplicateOf?: string;
};

/** Says what kind of error, never what was in the message. */
export function internalRejection(error: unknown): Rejection {
  const got = error instanceof Error ? error.name : typeof error;
  return { reason: "internal", faults: [{ field: "$", expected: "a decision", got }] };
}

/** `topic`: of the input. */
export function duplicateRejection({ origin, samePayload }: Duplicate, topic: string): Rejection {
  const first = decisionId(topic, origin.partition, origin.offset);
  const got = samePayload ? "the same transaction again" : "another transaction of the same id";
  return {
    reason: samePayload ? "duplicate" : "duplicate_conflict",
    faults: [{ field: "id", expected: "an id that its source has not sent yet", got }],
    duplicateOf: first,
  };
}

export type RejectorOptions = {
  readonly topics: { readonly rejected: string };
  readonly maxRecordBytes: number;
  readonly tokens?: Tokens | undefined;
};

/** Bytes of key, value and headers: what the record costs, framing apart. */
export function recordBytes({ key, value, headers }: LogRecord): number {
  let bytes = (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, content] of headers) bytes += Buffer.byteLength(name) + (content?.length ?? 0);
  return bytes;
}

const isKept = ([name]: Header): boolean => name === REPLAY_HEADER || !name.startsWith(REJECTED_HEADER_PREFIX);

/**
 * Original value, key and headers, then our own headers, which are the only ones that begin as ours do: a producer's
 * own would say something about another record. Only what it is a replay of stays. A record above `maxRecordBytes` goes by
 * reference (hash and size of its value, and where it stands): what we add must never make it too large to be written, or
 * its partition would stall.
 *
 * Where ids are tokens, what may still have ids goes by reference too, and without key and hash, from which they could be
 * guessed. A duplicate has tokens by then. `input`: the topic of its origin.
 */
export function createRejector(input: string, { topics, maxRecordBytes, tokens }: RejectorOptions) {
  const topic = topics.rejected;
  return (record: LogRecord, partition: number, { faults, ...rejection }: Rejection): NewRecord => {
    const origin = decisionId(input, partition, record.offset);
    const { key, value, headers, timestampMs } = record;
    const mayStay = tokens === undefined || rejection.duplicateOf !== undefined;
    const isReference = !mayStay || recordBytes(record) > maxRecordBytes;
    const ours = rejectedHeaders({ ...rejection, origin, faults: [...faults], engine: ENGINE_VERSION, isReference });
    if (!isReference) return { topic, key, value, headers: [...headers.filter(isKept), ...ours], timestampMs };
    const size = value?.length ?? 0;
    const reference = tokens === undefined ? { sha256: sha256Of(value), size, origin } : { size, timestampMs, origin };
    return {
      topic,
      key: tokens !== undefined || (key !== null && key.length > maxRecordBytes >> 1) ? null : key,
      value: Buffer.from(JSON.stringify(reference)),
      headers: ours,
      timestampMs,
    };
  };
}

function sha256Of(value: Buffer | null): string {
  return createHash("sha256")
    .update(value ?? "")
    .digest("hex");
}
