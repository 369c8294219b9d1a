/**
 * The first stage of a chain: the sequencer. It keeps nothing; where it puts a record in the log by source is the
 * record's place among all others of its source from then on.
 */
import { type Evidence, encodeTransactionEnvelope, entityTopic, stateTopic } from "@weir/schema";
import { admit } from "../admit.ts";
import { createRejector, internalRejection } from "../reject.ts";
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
  const { plan, appId, topics, maxRecordBytes } = options;
  const bySource = entityTopic(appId, "source");
  const ruleset = rulesetBytes(plan);
  const rejectRecord = createRejector({ input: topics.transactions, rejected: topics.rejected, maxRecordBytes });
  return {
    name,
    kind,
    groupSuffix,
    input: topics.transactions,
    outputs: [bySource, topics.rejected],
    precededBy: null,
    stateTopic: stateTopic(appId, topics.transactions),
    horizonMs: 0,
    needsHistory: false,
    identity: "gate@1",
    createState: () => new StreamClock(),

    step(_state, record, partition) {
      const admitted = admit(record, options);
      if (!admitted.ok) {
        const { rejection } = admitted;
        const output = rejectRecord(record, partition, rejection);
        return { outputs: [output], label: rejectedLabel(rejection.reason), event: null };
      }
      const { transaction, timeMs } = admitted;
      const { key, value, headers, timestampMs, offset } = record;
      const envelope = encodeTransactionEnvelope({
        origin: { partition, offset },
        key,
        timeMs,
        ruleset,
        ...NOTHING_YET,
      });
      const output = {
        topic: bySource,
        key: Buffer.from(transaction.source),
        value,
        headers: withEnvelope(headers, envelope),
        timestampMs,
      };
      return { outputs: [output], label: PASSED, event: null };
    },

    reject(record, partition, error) {
      const output = rejectRecord(record, partition, internalRejection(error));
      return { outputs: [output], label: rejectedLabel("internal"), event: null };
    },
  };
}
