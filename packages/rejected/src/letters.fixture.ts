/** Letters as a detector leaves them, in a log in memory. */
import {
  decisionId,
  type Header,
  type LogRecord,
  type NewRecord,
  type Rejected,
  rejectedHeaders,
  TOPICS,
} from "@weir/schema";
import { MemoryBroker } from "@weir/stream";
import type { Letter } from "./letter.ts";

export const LEDGER = "weir.rejected.ledger";
export const PARTITIONS = 3;

export const aPayment = (members: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ source: "ann", target: "bob", amount: 12.5, currency: "EUR", ...members });

type LetterSpec = Partial<Omit<Rejected, "origin">> & {
  readonly topic?: string;
  readonly inPartition?: number;
  readonly inOffset?: number;
  readonly value?: string | Buffer | null;
  readonly key?: string | null;
  readonly headers?: readonly Header[];
  readonly timestampMs?: number;
};

/** A record of the rejected topic; what is set is what matters. */
export function aRejectedRecord(spec: LetterSpec = {}): NewRecord {
  const { topic = TOPICS.transactions, inPartition = 0, inOffset = 0, value = aPayment(), key = "ann" } = spec;
  const note: Rejected = {
    reason: spec.reason ?? "internal",
    origin: decisionId(topic, inPartition, inOffset),
    faults: spec.faults ?? [{ field: "$", expected: "a decision", got: "TypeError" }],
    engine: "0.1.0",
    isReference: spec.isReference ?? spec.reason === "too_large",
    ...(spec.duplicateOf === undefined ? {} : { duplicateOf: spec.duplicateOf }),
  };
  return {
    topic: TOPICS.rejected,
    key: key === null ? null : Buffer.from(key),
    value: typeof value === "string" ? Buffer.from(value) : value,
    headers: [...(spec.headers ?? []), ...rejectedHeaders(note)],
    timestampMs: spec.timestampMs ?? 1_000,
  };
}

export function aLogRecord(spec: LetterSpec = {}, offset = 0): LogRecord {
  return { offset, ...aRejectedRecord(spec) };
}

export function aLetter(letter: Partial<Letter> = {}): Letter {
  return {
    reason: "internal",
    origin: `${TOPICS.transactions}/0/0`,
    faults: [],
    engine: "0.1.0",
    isReference: false,
    partition: 0,
    offset: 0,
    timestampMs: 1_000,
    key: Buffer.from("ann"),
    value: Buffer.from(aPayment()),
    headers: [],
    replayOf: null,
    ...letter,
  };
}

export function aBroker(): MemoryBroker {
  const broker = new MemoryBroker();
  for (const topic of [TOPICS.transactions, TOPICS.rejected, LEDGER]) broker.createTopic(topic, PARTITIONS);
  return broker;
}

/** Committed records of all partitions. */
export function recordsOf(broker: MemoryBroker, topic: string): LogRecord[] {
  return broker.partitions(topic).flatMap((one) => one.slice(0, one.end, Number.POSITIVE_INFINITY).records);
}
