/** Puts labels into the log by source, behind the transactions that they are about. */
import { decodeLabel, encodeLabelEnvelope, entityTopic, type LogRecord, stateTopic } from "@weir/schema";
import { sizeFault } from "../admit.ts";
import { createRejector, internalRejection, type Rejection } from "../reject.ts";
import { StreamClock } from "../window/stream-clock.ts";
import type { ChainOptions, ChainStage, ChainStep } from "./chain-stage.ts";
import { withEnvelope } from "./forwarding.ts";
import { PASSED, rejectedLabel } from "./step-labels.ts";
import type { ChainLink } from "./topology.ts";

export function createLabels({ name, kind, groupSuffix }: ChainLink, options: ChainOptions): ChainStage {
  const { appId, topics, maxRecordBytes, tokens } = options;
  const bySource = entityTopic(appId, "source");
  const rejectRecord = createRejector(topics.labels, options);
  const rejected = (record: LogRecord, partition: number, rejection: Rejection): ChainStep => ({
    outputs: [rejectRecord(record, partition, rejection)],
    label: rejectedLabel(rejection.reason),
    event: null,
  });
  return {
    name,
    kind,
    groupSuffix,
    input: topics.labels,
    outputs: [bySource, topics.rejected],
    feeds: [],
    precededBy: topics.transactions,
    stateTopic: stateTopic(appId, topics.labels),
    horizonMs: 0,
    needsHistory: false,
    identity: "labels@1",
    ids: tokens?.name,
    createState: () => new StreamClock(),

    step(_state, given, partition) {
      const tooLarge = sizeFault(given, maxRecordBytes);
      if (tooLarge !== null) return rejected(given, partition, tooLarge);
      const record = tokens === undefined ? given : tokens.record(given, "label");
      const decoded = decodeLabel(record.value);
      if (!decoded.ok) return rejected(given, partition, { reason: "malformed", faults: decoded.faults });
      const noToken = tokens?.fault(decoded.label) ?? null;
      if (noToken !== null) return rejected(given, partition, { reason: "malformed", faults: [noToken] });
      const { key, value, headers, timestampMs, offset } = record;
      const envelope = encodeLabelEnvelope({ partition, offset }, key);
      const output = {
        topic: bySource,
        key: Buffer.from(decoded.label.source),
        value,
        headers: withEnvelope(headers, envelope),
        timestampMs,
      };
      return { outputs: [output], label: PASSED, event: null };
    },

    reject: (record, partition, error) => rejected(record, partition, internalRejection(error)),
  };
}
