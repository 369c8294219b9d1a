/**
 * The detector as one stage: every record of the input becomes exactly one record of legit, fraud or
 * rejected. step() reads the state and the record and nothing else, and writes nothing: what it wants
 * remembered is in the event that it returns.
 *
 * It counts by source alone; a plan that needs more is for a chain of stages.
 */
import { type LogRecord, type NewRecord, partitionFor, REASON_CODES } from "@weir/schema";
import { type AdmitOptions, admit } from "./admit.ts";
import { createDecide } from "./decide.ts";
import { createDecisionText, type Decided, type DecisionTextOptions } from "./decision-text.ts";
import { factsOf } from "./facts.ts";
import type { Plan } from "./plan.ts";
import { createRejector, internalRejection, type Rejection } from "./reject.ts";
import { spliceDecision } from "./splice.ts";
import { StreamClock } from "./window/stream-clock.ts";
import { type WindowEvent, WindowState } from "./window/window-state.ts";

export type DetectorStageOptions = AdmitOptions & {
  readonly plan: Plan;
  readonly topics: {
    readonly input: string;
    readonly legit: string;
    readonly fraud: string;
    readonly rejected: string;
  };
  readonly stateTopic: string;
  readonly explain: DecisionTextOptions["explain"];
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

/** Why one stage cannot run the plan; null if it can. */
export function beyondOneStage({ features }: Plan): string | null {
  const other = features.find(
    ({ by, and, aggregate, delayMs, before }) =>
      by !== "source" || and.length > 0 || aggregate !== "count" || delayMs > 0 || before,
  );
  return other === undefined
    ? null
    : `feature ${other.name} is more than a count by source, which is all there is so far`;
}

export function createDetectorStage(options: DetectorStageOptions) {
  const { plan, topics, stateTopic, explain, maxRecordBytes, keyedPartitions } = options;
  const beyond = beyondOneStage(plan);
  if (beyond !== null) throw new Error(`ruleset ${plan.label}: ${beyond}`);
  const source = plan.entities[0] ?? null;
  if (source !== null && keyedPartitions === null)
    throw new Error(`ruleset ${plan.label} keeps what a source did, so its input must be keyed by source`);
  const identity =
    source === null
      ? "stateless@1"
      : `times-by-source@1 horizon=${plan.horizonMs} lateness=${plan.latenessMs} partitions=${keyedPartitions}`;
  const rejectRecord = createRejector({ input: topics.input, rejected: topics.rejected, maxRecordBytes });
  const decide = createDecide(plan);
  const write = createDecisionText(plan, { topic: topics.input, explain });
  const windowsMs = plan.features.map(({ windowMs }) => windowMs);
  /** Written anew for each record; nothing of it is kept. */
  const features = new Float64Array(plan.features.length);

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
    needsHistory: source !== null,
    identity,

    createState(): DetectorState {
      return source === null ? new StreamClock() : new WindowState(identity, plan.horizonMs);
    },

    step(state: DetectorState, record: LogRecord, partition: number): DetectorStep {
      const admitted = admit(record, options);
      if (!admitted.ok) return rejected(record, partition, admitted.rejection);
      const { transaction, timeMs } = admitted;
      const key = Buffer.from(transaction.source);
      const misrouted = routingFault(key, partition, keyedPartitions);
      if (misrouted !== null) return rejected(record, partition, misrouted);
      const origin = { partition, offset: record.offset };
      countWithThis(state, features, transaction.source, timeMs, windowsMs);
      const facts = factsOf(transaction, features);
      const verdict = decide(facts);
      const late = source !== null && timeMs < state.streamTimeMs - plan.latenessMs;
      const decided: Decided = { origin, timeMs, late, approximate: false, facts, verdict };
      const decision = write(decided, () => []);
      const output: NewRecord = {
        topic: verdict.outcome === "approve" ? topics.legit : topics.fraud,
        key,
        value: spliceDecision(record.value as Buffer, admitted.closeAtByte, decision),
        headers: record.headers,
        timestampMs: record.timestampMs,
      };
      return { outputs: [output], label: verdict.outcome, event: late ? null : { key: transaction.source, timeMs } };
    },

    /** For a record whose step threw. */
    reject(record: LogRecord, partition: number, error: unknown): DetectorStep {
      return rejected(record, partition, internalRejection(error));
    },
  };
}

/** Features count the transactions before this one in the log, and this one. */
function countWithThis(
  state: DetectorState,
  features: Float64Array,
  source: string,
  timeMs: number,
  windowsMs: readonly number[],
): void {
  const counts: number[] = [];
  state.countInto(counts, source, timeMs, windowsMs);
  for (let index = 0; index < counts.length; index += 1) features[index] = (counts[index] as number) + 1;
}

function routingFault(source: Buffer, partition: number, partitions: number | null): Rejection | null {
  if (partitions === null) return null;
  const right = partitionFor(source, partitions);
  if (right === partition) return null;
  const faults = [{ field: "source", expected: `a record of partition ${right}`, got: `partition ${partition}` }];
  return { reason: "misrouted", faults };
}
