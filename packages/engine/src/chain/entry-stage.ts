/**
 * The stage that reads the input itself: without a past, or with the source's, where the input is keyed by source. Every
 * record of it is decided here if nothing else is asked, else it goes on to the next entity, or is rejected.
 */
import { type LogRecord, stateTopic } from "@weir/schema";
import { admit } from "../admit.ts";
import type { PlannedEntity } from "../plan.ts";
import { createRejector, duplicateRejection, internalRejection, type Rejection } from "../reject.ts";
import { EntityState } from "../window/entity-state.ts";
import { layoutIdentity, reachMsOf } from "../window/layout.ts";
import type { Observation, StateEvent } from "../window/observation.ts";
import { StreamClock } from "../window/stream-clock.ts";
import { routingFault } from "./chain-key.ts";
import { type ChainOptions, type ChainStage, type ChainStep, partitionsOf } from "./chain-stage.ts";
import { createOnward } from "./onward.ts";
import { rejectedLabel } from "./step-labels.ts";
import type { ChainLink } from "./topology.ts";

type EntryLink = ChainLink & { readonly entity: PlannedEntity | null };

const NOTHING: readonly string[] = [];
const NOTHING_EARLIER = { has: () => false, origins: () => [] };

export function createEntryStage({ name, kind, groupSuffix, entity }: EntryLink, options: ChainOptions): ChainStage {
  const { plan, appId, topics, tokens } = options;
  const input = topics.transactions;
  // Only where a state is kept: else a record is decided wherever it lies.
  const partitions = entity === null ? null : partitionsOf(options, input);
  const identity = entity === null ? "stateless@1" : `${layoutIdentity(entity.layout)} partitions=${partitions}`;
  const rejectRecord = createRejector(input, options);
  const { depart, ...writes } = createOnward(entity, NOTHING_EARLIER, options);
  const reachMs = reachMsOf(plan.features);
  /** Written anew for each record; nothing of it is kept. */
  const features = new Float64Array(plan.features.length);

  const rejected = (
    record: LogRecord,
    partition: number,
    rejection: Rejection,
    event: StateEvent | null = null,
  ): ChainStep => ({
    outputs: [rejectRecord(record, partition, rejection)],
    label: rejectedLabel(rejection.reason),
    event,
  });

  return {
    name,
    kind,
    groupSuffix,
    input,
    ...writes,
    precededBy: null,
    stateTopic: stateTopic(appId, input),
    horizonMs: entity?.layout.horizonMs ?? 0,
    needsHistory: entity !== null,
    identity,
    ids: tokens?.name,

    createState() {
      return entity === null ? new StreamClock() : new EntityState(identity, entity.layout, entity.features);
    },

    step(state, record, partition) {
      const admitted = admit(record, options);
      if (!admitted.ok) return rejected(record, partition, admitted.rejection);
      const { transaction, timeMs, closeAtByte } = admitted;
      const misrouted = partitions === null ? null : routingFault(transaction.source, "source", partition, partitions);
      if (misrouted !== null) return rejected(record, partition, misrouted);
      const origin = { partition, offset: record.offset };
      const observation: Observation = { kind: "transaction", transaction, timeMs, origin };
      const duplicate = state.duplicateOf(observation);
      // It goes to the state all the same, which it moves on in time.
      if (duplicate !== null)
        return rejected(admitted.record, partition, duplicateRejection(duplicate, input), observation);
      state.ask(observation, features);
      return depart({
        record: admitted.record,
        headers: admitted.record.headers,
        key: admitted.record.key,
        closeAtByte,
        observation,
        state,
        features,
        incomplete: NOTHING,
        order: record.offset,
        late: state.isLate(timeMs),
        approximate: state.approximate(observation),
        historySinceMs: state.unknownBefore(observation, reachMs),
      });
    },

    reject: (record, partition, error) => rejected(record, partition, internalRejection(error)),
  };
}
