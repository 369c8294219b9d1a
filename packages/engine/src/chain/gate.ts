/**
 * The first stage of a chain: the sequencer. It keeps nothing but since when it is one; where it puts a record in the log by source is the
 * record's place among all others of its source from then on.
 */
import { type Evidence, encodeTransactionEnvelope, entityTopic, stateTopic } from "@weir/schema";
import { admit } from "../admit.ts";
import { createRejector, internalRejection } from "../reject.ts";
import { reachMsOf } from "../window/layout.ts";
import { StreamClock } from "../window/stream-clock.ts";
import type { ChainOptions, ChainStage } from "./chain-stage.ts";
import { rulesetBytes, withEnvelope } from "./forwarding.ts";
import { PASSED, rejectedLabel } from "./step-labels.ts";
import type { ChainLink } from "./topology.ts";

const NOTHING_YET = {
  order: null,
  late: false,
  approximate: false,
  ids: new Uint32Array(),
  values: new Float64Array(),
  evidence: [] as readonly Evidence[],
} as const;

export function createGate({ name, kind, groupSuffix }: ChainLink, options: ChainOptions): ChainStage {
  const { plan, appId, topics, tokens } = options;
  const bySource = entityTopic(appId, "source");
  const ruleset = rulesetBytes(plan);
  const reachMs = reachMsOf(plan.features);
  const rejectRecord = createRejector(topics.transactions, options);
  return {
    name,
    kind,
    groupSuffix,
    input: topics.transactions,
    outputs: [bySource, topics.rejected],
    feeds: [bySource],
    precededBy: null,
    stateTopic: stateTopic(appId, topics.transactions),
    horizonMs: 0,
    needsHistory: false,
    identity: "gate@1",
    ids: tokens?.name,
    createState: () => new StreamClock(),

    step(state, record, partition) {
      const admitted = admit(record, options);
      if (!admitted.ok) {
        const { rejection } = admitted;
        const output = rejectRecord(record, partition, rejection);
        return { outputs: [output], label: rejectedLabel(rejection.reason), event: null };
      }
      const { transaction, timeMs } = admitted;
      const { key, value, headers, timestampMs, offset } = admitted.record;
      const origin = { partition, offset };
      const event = { kind: "transaction", transaction, timeMs, origin } as const;
      const historySinceMs = state.unknownBefore(event, reachMs);
      const envelope = encodeTransactionEnvelope({ origin, key, timeMs, historySinceMs, ruleset, ...NOTHING_YET });
      const output = {
        topic: bySource,
        key: Buffer.from(transaction.source),
        value,
        headers: withEnvelope(headers, envelope),
        timestampMs,
      };
      return { outputs: [output], label: PASSED, event };
    },

    reject(record, partition, error) {
      const output = rejectRecord(record, partition, internalRejection(error));
      return { outputs: [output], label: rejectedLabel("internal"), event: null };
    },
  };
}
