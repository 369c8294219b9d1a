/**
 * The detector as one stage: every record of the input becomes exactly one record of legit, fraud or
 * rejected. step() reads the state and the record and nothing else, and writes nothing: what it wants
 * remembered is in the event that it returns.
 *
 * It keeps the source's past alone; a plan that needs more is for a chain of stages.
 */
import type { LogRecord, NewRecord } from "@weir/schema";
import { type AdmitOptions, admit } from "./admit.ts";
import { routingFault } from "./chain/chain-key.ts";
import { createDeciding } from "./chain/deciding.ts";
import { rejectedLabel } from "./chain/step-labels.ts";
import type { DecisionTextOptions } from "./decision-text.ts";
import type { Plan } from "./plan.ts";
import { createRejector, duplicateRejection, internalRejection, type Rejection } from "./reject.ts";
import { EntityState } from "./window/entity-state.ts";
import { layoutIdentity } from "./window/layout.ts";
import type { Observation, StateEvent } from "./window/observation.ts";
import { StreamClock } from "./window/stream-clock.ts";

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

export type DetectorState = StreamClock | EntityState;

const NOTHING: readonly string[] = [];

type DetectorStep = {
  readonly outputs: readonly NewRecord[];
  readonly label: string;
  readonly event: StateEvent | null;
};

/** Why one stage cannot run the plan; null if it can. */
export function beyondOneStage({ entities, features }: Plan): string | null {
  const other = features.find(({ by }) => by !== "source");
  if (other !== undefined) return `feature ${other.name} is by ${other.by}, and so far only the source's past is kept`;
  const labels = entities.some(({ layout }) => layout.labels);
  return labels ? "it has features of fraud, and so far labels are not read" : null;
}

export function createDetectorStage(options: DetectorStageOptions) {
  const { plan, topics, stateTopic, explain, maxRecordBytes, keyedPartitions } = options;
  const beyond = beyondOneStage(plan);
  if (beyond !== null) throw new Error(`ruleset ${plan.label}: ${beyond}`);
  const source = plan.entities[0] ?? null;
  if (source !== null && keyedPartitions === null)
    throw new Error(`ruleset ${plan.label} keeps what a source did, so its input must be keyed by source`);
  const identity = source === null ? "stateless@1" : `${layoutIdentity(source.layout)} partitions=${keyedPartitions}`;
  const rejectRecord = createRejector({ input: topics.input, rejected: topics.rejected, maxRecordBytes });
  const depart = createDeciding({
    plan,
    topics: { transactions: topics.input, ...topics },
    explain,
    at: 0,
    earlier: { has: () => false, origins: () => [] },
  });
  /** Written anew for each record; nothing of it is kept. */
  const features = new Float64Array(plan.features.length);

  const rejected = (
    record: LogRecord,
    partition: number,
    rejection: Rejection,
    event: Observation | null = null,
  ): DetectorStep => ({
    outputs: [rejectRecord(record, partition, rejection)],
    label: rejectedLabel(rejection.reason),
    event,
  });

  return {
    name: "detector",
    input: topics.input,
    outputs: [topics.legit, topics.fraud, topics.rejected],
    stateTopic,
    needsHistory: source !== null,
    identity,

    createState(): DetectorState {
      return source === null ? new StreamClock() : new EntityState(identity, source.layout, source.features);
    },

    step(state: DetectorState, record: LogRecord, partition: number): DetectorStep {
      const admitted = admit(record, options);
      if (!admitted.ok) return rejected(record, partition, admitted.rejection);
      const { transaction, timeMs } = admitted;
      const misrouted =
        keyedPartitions === null ? null : routingFault(transaction.source, "source", partition, keyedPartitions);
      if (misrouted !== null) return rejected(record, partition, misrouted);
      const origin = { partition, offset: record.offset };
      const event: Observation = { kind: "transaction", transaction, timeMs, origin };
      const duplicate = state.duplicateOf(event);
      // It goes to the state all the same, which it moves on in time.
      if (duplicate !== null) return rejected(record, partition, duplicateRejection(duplicate, topics.input), event);
      state.ask(event, features);
      return depart({
        record,
        headers: record.headers,
        key: record.key,
        closeAtByte: admitted.closeAtByte,
        observation: event,
        state,
        features,
        incomplete: NOTHING,
        order: record.offset,
        late: state.isLate(timeMs),
        approximate: state.approximate(event),
      });
    },

    /** For a record whose step threw. */
    reject(record: LogRecord, partition: number, error: unknown): DetectorStep {
      return rejected(record, partition, internalRejection(error));
    },
  };
}
