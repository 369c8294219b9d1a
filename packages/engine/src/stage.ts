/**
 * The detector as one stage: every record of the input becomes exactly one record of legit, fraud or
 * rejected. step() reads the state and the record and nothing else, and writes nothing: what it wants
 * remembered is in the event that it returns.
 */
import {
  type DecodedTransaction,
  decodeTransaction,
  type LogRecord,
  type NewRecord,
  partitionFor,
  REASON_CODES,
} from "@weir/schema";
import { createDecide } from "./decide.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { createRejector, type Rejection, recordBytes } from "./reject.ts";
import { StreamClock } from "./window/stream-clock.ts";
import { type WindowEvent, WindowState } from "./window/window-state.ts";

export type DetectorStageOptions = {
  readonly plan: Plan;
  readonly topics: {
    readonly input: string;
    readonly legit: string;
    readonly fraud: string;
    readonly rejected: string;
  };
  readonly stateTopic: string;
  /** full: each decision also carries every feature's value. */
  readonly explain: "none" | "full";
  /** Key, value and headers together; what is larger is rejected by reference. */
  readonly maxRecordBytes: number;
  /** How far an event time may be ahead of its record's timestamp. */
  readonly maxFutureMs: number;
  /** Partitions of an input that is keyed by source; null: any record may be in any partition. */
  readonly keyedPartitions: number | null;
};

export type DetectorState = StreamClock | WindowState;

type DetectorStep = {
  readonly outputs: readonly NewRecord[];
  readonly label: string;
  readonly event: WindowEvent | null;
};

const REJECTED_LABELS = Object.fromEntries(REASON_CODES.map((code) => [code, `rejected:${code}`]));

export const DETECTOR_LABELS: readonly string[] = ["approve", "review", "decline", ...Object.values(REJECTED_LABELS)];

export function createDetectorStage(options: DetectorStageOptions) {
  const { plan, topics, stateTopic, maxRecordBytes, maxFutureMs, keyedPartitions } = options;
  if (plan.stateful && keyedPartitions === null)
    throw new Error(`ruleset ${plan.label} counts by source, so its input must be keyed by source`);
  const identity = plan.stateful ? `${plan.identity} partitions=${keyedPartitions}` : plan.identity;
  const rejectRecord = createRejector({ input: topics.input, rejected: topics.rejected, maxRecordBytes });
  const decide = createDecide(plan);
  const writeDecision = decisionWriter(options);
  const windowsMs = plan.features.map(({ windowMs }) => windowMs);

  const rejected = (record: LogRecord, partition: number, rejection: Rejection): DetectorStep => ({
    outputs: [rejectRecord(record, partition, rejection)],
    label: REJECTED_LABELS[rejection.reason] as string,
    event: null,
  });

  return {
    name: "detector",
    input: topics.input,
    outputs: [topics.legit, topics.fraud, topics.rejected],
    stateTopic,
    needsHistory: plan.stateful,
    identity,

    createState(): DetectorState {
      return plan.stateful ? new WindowState(identity, plan.horizonMs) : new StreamClock();
    },

    step(state: DetectorState, record: LogRecord, partition: number): DetectorStep {
      const bytes = recordBytes(record);
      if (bytes > maxRecordBytes) return rejected(record, partition, tooLarge(bytes, maxRecordBytes));
      const decoded = decodeTransaction(record.value);
      if (!decoded.ok) return rejected(record, partition, { reason: "malformed", faults: decoded.faults });
      const { transaction } = decoded;
      const key = Buffer.from(transaction.source);
      const rejection =
        routingFault(key, partition, keyedPartitions) ?? timeFault(transaction, record.timestampMs, maxFutureMs);
      if (rejection !== null) return rejected(record, partition, rejection);
      const timeMs = transaction.timestampMs ?? record.timestampMs;
      const late = plan.stateful && timeMs < state.streamTimeMs - plan.latenessMs;
      const facts = factsOf(transaction, windowsMs.length === 0 ? NO_FEATURES : new Array<number>(windowsMs.length));
      countWithThis(state, facts, timeMs, windowsMs);
      const verdict = decide(facts);
      const decision = writeDecision({ record, partition, timeMs, late, facts, ...verdict });
      const output: NewRecord = {
        topic: verdict.outcome === "approve" ? topics.legit : topics.fraud,
        key,
        value: splice(record.value as Buffer, decoded.closeAtByte, decision),
        headers: record.headers,
        timestampMs: record.timestampMs,
      };
      return { outputs: [output], label: verdict.outcome, event: late ? null : { key: transaction.source, timeMs } };
    },

    /** For a record whose step threw: says what kind of error, never what was in the message. */
    reject(record: LogRecord, partition: number, error: unknown): DetectorStep {
      const got = error instanceof Error ? error.name : typeof error;
      return rejected(record, partition, { reason: "internal", faults: [{ field: "$", expected: "a decision", got }] });
    },
  };
}

/** Shared, since nothing writes to it. */
const NO_FEATURES: number[] = [];

/** Features count the transactions before this one in the log, and this one. */
function countWithThis(state: DetectorState, facts: Facts, timeMs: number, windowsMs: readonly number[]): void {
  const { features } = facts;
  state.countInto(features, facts.source, timeMs, windowsMs);
  for (let index = 0; index < features.length; index += 1) features[index] = (features[index] as number) + 1;
}

function tooLarge(bytes: number, most: number): Rejection {
  return {
    reason: "too_large",
    faults: [{ field: "$", expected: `at most ${most} bytes of key, value and headers`, got: `${bytes} bytes` }],
  };
}

function routingFault(source: Buffer, partition: number, partitions: number | null): Rejection | null {
  if (partitions === null) return null;
  const right = partitionFor(source, partitions);
  if (right === partition) return null;
  const faults = [{ field: "source", expected: `a record of partition ${right}`, got: `partition ${partition}` }];
  return { reason: "misrouted", faults };
}

function timeFault({ timestampMs }: DecodedTransaction, recordMs: number, maxFutureMs: number): Rejection | null {
  if (timestampMs === null)
    return recordMs >= 0
      ? null
      : {
          reason: "malformed",
          faults: [{ field: "timestamp", expected: "a time, here or of the record", got: "neither" }],
        };
  if (recordMs < 0 || timestampMs <= recordMs + maxFutureMs) return null;
  const expected = `at most ${maxFutureMs} ms after the record's own timestamp`;
  return {
    reason: "from_the_future",
    faults: [{ field: "timestamp", expected, got: `${timestampMs - recordMs} ms after it` }],
  };
}

type Decided = {
  readonly record: LogRecord;
  readonly partition: number;
  readonly timeMs: number;
  readonly late: boolean;
  readonly facts: Facts;
  readonly outcome: string;
  readonly score: number;
  readonly reasons: string;
};

/** `,"decision":{...}`: only numbers, names of our own and text that is JSON already go in. */
function decisionWriter({ plan, topics, explain }: DetectorStageOptions): (decided: Decided) => string {
  const id = `,"decision":{"id":${JSON.stringify(topics.input).slice(0, -1)}/`;
  const ruleset = JSON.stringify(plan.label);
  const names = plan.features.map(({ name }, index) => `${index > 0 ? "," : ""}${JSON.stringify(name)}:`);
  const featuresOf = (values: readonly number[]): string =>
    `,"features":{${names.map((name, index) => name + String(values[index])).join("")}}`;
  return ({ record: { offset }, partition, timeMs, late, facts, outcome, score, reasons }) =>
    `${id}${partition}/${offset}","outcome":"${outcome}","score":${score},"eventTime":${timeMs},"order":${offset},` +
    `"ruleset":${ruleset},"reasons":${reasons}${late ? ',"late":true' : ""}` +
    `${explain === "full" ? featuresOf(facts.features) : ""}}`;
}

/** The original bytes with `text` put in at `at`, which is mostly the last byte. */
function splice(value: Buffer, at: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(value.length + length);
  // All of it, since set() of the whole costs less than a view of its front; the rest is written over.
  out.set(value);
  // As many bytes as characters is ASCII, which is written faster so.
  out.write(text, at, length === text.length ? "latin1" : "utf8");
  if (value.length - at > 16) value.copy(out, at + length, at);
  else for (let index = at; index < value.length; index += 1) out[index + length] = value[index] as number;
  return out;
}
