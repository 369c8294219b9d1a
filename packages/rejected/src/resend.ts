/**
 * What a letter is when it is sent in again, or why it must not be. Pure.
 *
 * Never sent: what was never in the input (`foreign`), what is only a reference, and the same id again
 * (`duplicate`, `duplicate_conflict`): its first one was decided, which nobody remembers for longer than the ruleset looks
 * back, so that it would be decided a second time.
 */
import {
  DECISION_ID,
  decodeLabel,
  decodeTransaction,
  type Fault,
  type Header,
  partitionFor,
  REPLAY_HEADER,
} from "@weir/schema";
import type { OutputRecord } from "@weir/stream";
import type { Fixed } from "./fixed.ts";
import type { Letter } from "./letter.ts";
import { printable } from "./mask.ts";

/** An input topic. */
export type ResendTarget = {
  readonly topic: string;
  readonly holds: "transactions" | "labels";
  readonly partitions: number;
  /** How long it keeps a record, ms; null: for ever, or nobody knows. */
  readonly retentionMs: number | null;
};

/** Its bytes are copies, so it may wait. */
export type Resend = { readonly origin: string; readonly bytes: "original" | "fixed"; readonly record: OutputRecord };

export type ResendPlan = { readonly ok: true; readonly resend: Resend } | { readonly ok: false; readonly why: string };

type ResendRequest = {
  readonly letter: Letter;
  /** Null: the letter's own bytes. */
  readonly fixed: Fixed | null;
  readonly targets: readonly ResendTarget[];
  readonly nowMs: number;
};

export function planResend({ letter, fixed, targets, nowMs }: ResendRequest): ResendPlan {
  const { origin, reason, isReference } = letter;
  const [, topic, originPartition] = DECISION_ID.exec(origin) ?? [];
  const target = targets.find((one) => one.topic === topic);
  if (target === undefined) return refused(`it was never in an input topic, but in ${topic}`);
  if (isReference && fixed === null)
    return refused(
      "only a reference is in the rejected topic: rejected replay --from-input reads it from the input, while that keeps it",
    );
  const isDuplicate = reason === "duplicate" || reason === "duplicate_conflict";
  if (isDuplicate && fixed === null)
    return refused(
      `its id was decided before, as ${letter.duplicateOf ?? "another"}: only a fixed one with another id can go`,
    );
  const value = fixed?.payload ?? letter.value;
  const read = reading(target, value);
  if (fixed !== null && read.fault !== null) return refused(`what is to go in its place is malformed: ${read.fault}`);
  if (isDuplicate && read.id !== null && read.id === reading(target, letter.value).id)
    return refused("what is to go in its place has the id that was decided before");
  const key = fixed?.key === undefined ? letter.key : fixed.key;
  // A time of its own is in the bytes; without one the record's is the event's, which must stay what it was.
  const timestampMs = read.hasTime ? -1 : letter.timestampMs;
  if (timestampMs >= 0 && target.retentionMs !== null && timestampMs <= nowMs - target.retentionMs)
    return refused(
      `it is from before what ${topic} keeps, and might be deleted undecided: send a fixed one with a timestamp`,
    );
  const place = read.source ?? key;
  return {
    ok: true,
    resend: {
      origin,
      bytes: fixed === null ? "original" : "fixed",
      record: {
        topic: target.topic,
        partition:
          place === null ? Number(originPartition) % target.partitions : partitionFor(place, target.partitions),
        key: copyOf(key),
        value: copyOf(value),
        headers: [...letter.headers.map(([name, content]) => [name, copyOf(content)] as const), replayHeader(origin)],
        timestampMs,
      },
    },
  };
}

function replayHeader(origin: string): Header {
  return [REPLAY_HEADER, Buffer.from(origin)];
}

function copyOf(bytes: Buffer | null): Buffer | null {
  return bytes && Buffer.from(bytes);
}

function refused(why: string): ResendPlan {
  return { ok: false, why };
}

type Reading = {
  readonly fault: string | null;
  readonly id: string | null;
  /** Where an input that is keyed has to have it; null: by its key. */
  readonly source: string | null;
  readonly hasTime: boolean;
};

function reading({ holds }: ResendTarget, value: Buffer | null): Reading {
  if (holds === "labels") {
    const result = decodeLabel(value);
    if (!result.ok) return unread(result.faults);
    return { fault: null, id: null, source: result.label.source, hasTime: true };
  }
  const result = decodeTransaction(value);
  if (!result.ok) return unread(result.faults);
  const { id, source, timestampMs } = result.transaction;
  return { fault: null, id, source, hasTime: timestampMs !== null };
}

function unread([first]: readonly Fault[]): Reading {
  const fault = first === undefined ? "" : printable(`${first.field}: expected ${first.expected}, got ${first.got}`);
  return { fault, id: null, source: null, hasTime: false };
}
