/**
 * A stage that keeps the state of one entity: it reads the log that is keyed by it, answers the features of that entity,
 * and lets the transaction go on or, as the last stage, decides. Labels change its state and go on to whoever else keeps
 * them.
 */
import {
  decodeLabel,
  decodeTransaction,
  EnvelopeReader,
  entityTopic,
  envelopeOf,
  type LogRecord,
  stateTopic,
} from "@weir/schema";
import type { PlannedEntity } from "../plan.ts";
import { duplicateRejection, internalRejection } from "../reject.ts";
import { EntityState } from "../window/entity-state.ts";
import { layoutIdentity, reachMsOf } from "../window/layout.ts";
import type { Observation } from "../window/observation.ts";
import { Carried } from "./carried.ts";
import { keyOf, routingFault } from "./chain-key.ts";
import { type ChainOptions, type ChainStage, type ChainState, type ChainStep, partitionsOf } from "./chain-stage.ts";
import { labellingOf } from "./labelling.ts";
import { createOnward } from "./onward.ts";
import { createRejections, foreignRejection } from "./rejections.ts";
import { LABEL_MATCHED, LABEL_UNMATCHED, PASSED } from "./step-labels.ts";
import type { ChainLink } from "./topology.ts";

type EntityLink = ChainLink & { readonly entity: PlannedEntity };

export function createEntityStage({ name, kind, groupSuffix, entity }: EntityLink, options: ChainOptions): ChainStage {
  const { plan, appId, topics, leastAmountMinor, tokens } = options;
  const { field, layout, at } = entity;
  const input = entityTopic(appId, field);
  const partitions = partitionsOf(options, input);
  const identity = `${layoutIdentity(layout)} partitions=${partitions}`;
  const isSource = field === "source";

  const envelope = new EnvelopeReader();
  const reject = createRejections(envelope, input, options);
  const earlier = new Carried(plan.features.slice(0, at), envelope);
  const { depart, next, ...writes } = createOnward(entity, earlier, options);
  const labelledTopic = next?.layout.labels ? entityTopic(appId, next.field) : null;
  const reachMs = reachMsOf(plan.features);
  /** Written anew for each record; nothing of it is kept. */
  const features = new Float64Array(plan.features.length);

  const transactionStep = (state: ChainState, record: LogRecord, partition: number): ChainStep => {
    const decoded = decodeTransaction(record.value, leastAmountMinor);
    if (!decoded.ok) return reject.original(record, { reason: "malformed", faults: decoded.faults });
    const { transaction, closeAtByte } = decoded;
    const noToken = tokens?.fault(transaction) ?? null;
    if (noToken !== null) return reject.original(record, { reason: "foreign", faults: [noToken] });
    const misrouted = routingFault(keyOf(transaction, field), field, partition, partitions);
    if (misrouted !== null) return reject.foreign(record, partition, misrouted);
    const order = isSource ? record.offset : envelope.order;
    if (order === null) return reject.foreign(record, partition, foreignRejection("an envelope without an order"));
    const { timeMs, historySinceMs } = envelope;
    const origin = { partition: envelope.partition, offset: envelope.offset };
    const observation: Observation = { kind: "transaction", transaction, timeMs, origin, historySinceMs };
    const duplicate = isSource ? state.duplicateOf(observation) : null;
    if (duplicate !== null)
      // It goes to the state all the same, which it moves on in time.
      return reject.original(record, duplicateRejection(duplicate, topics.transactions), observation);
    const incomplete = earlier.read(features);
    state.ask(observation, features, at);
    return depart({
      record,
      headers: record.headers.slice(0, -1),
      key: envelope.key,
      closeAtByte,
      observation,
      state,
      features,
      incomplete,
      order,
      late: envelope.late || state.isLate(timeMs),
      approximate: envelope.approximate || state.approximate(observation),
      historySinceMs: state.unknownBefore(observation, reachMs),
    });
  };

  const labelStep = (state: ChainState, record: LogRecord, partition: number): ChainStep => {
    if (field !== "source" && field !== "target")
      return reject.foreign(record, partition, foreignRejection(`a label, which names no ${field}`));
    const decoded = decodeLabel(record.value);
    if (!decoded.ok) return reject.original(record, { reason: "malformed", faults: decoded.faults });
    const { label } = decoded;
    const noToken = tokens?.fault(label) ?? null;
    if (noToken !== null) return reject.original(record, { reason: "foreign", faults: [noToken] });
    const misrouted = routingFault(label[field], field, partition, partitions);
    if (misrouted !== null) return reject.foreign(record, partition, misrouted);
    const { value, headers, timestampMs } = record;
    const outputs =
      labelledTopic === null
        ? []
        : [{ topic: labelledTopic, key: Buffer.from(label.target), value, headers, timestampMs }];
    if (!layout.labels) return { outputs, label: labelledTopic === null ? LABEL_UNMATCHED : PASSED, event: null };
    const event = labellingOf(label, label[field], topics.transactions);
    return { outputs, label: state.matches(event) ? LABEL_MATCHED : LABEL_UNMATCHED, event };
  };

  return {
    name,
    kind,
    groupSuffix,
    input,
    ...writes,
    precededBy: null,
    stateTopic: stateTopic(appId, input),
    horizonMs: layout.horizonMs,
    needsHistory: true,
    identity,
    ids: tokens?.name,
    createState: () => new EntityState(identity, layout, entity.features),

    step(state, record, partition) {
      const fault = envelope.open(envelopeOf(record.headers));
      if (fault !== null) return reject.foreign(record, partition, foreignRejection(fault));
      return envelope.isLabel ? labelStep(state, record, partition) : transactionStep(state, record, partition);
    },

    reject(record, partition, error) {
      const rejection = internalRejection(error);
      const isOurs = envelope.open(envelopeOf(record.headers)) === null;
      return isOurs ? reject.original(record, rejection) : reject.foreign(record, partition, rejection);
    },
  };
}
