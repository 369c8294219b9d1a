/** How a stage that reads a log between stages rejects: in the name of the input, or of the record as it lies there. */
import type { EnvelopeReader, LogRecord } from "@weir/schema";
import { createRejector, type Rejection } from "../reject.ts";
import type { StateEvent } from "../window/observation.ts";
import type { ChainOptions, ChainStep } from "./chain-stage.ts";
import { rejectedLabel } from "./step-labels.ts";

/** `input`: the topic that the stage reads. `envelope`: that of the record in hand, opened. */
export function createRejections(envelope: EnvelopeReader, input: string, options: ChainOptions) {
  const { transactions, labels } = options.topics;
  const rejectTransaction = createRejector(transactions, options);
  const rejectLabel = createRejector(labels, options);
  const rejectForeign = createRejector(input, options);
  return {
    /** The input record that the envelope was made for: its key, headers, value and decision id. */
    original(
      { value, headers, timestampMs }: LogRecord,
      rejection: Rejection,
      event: StateEvent | null = null,
    ): ChainStep {
      const { partition, offset, key, isLabel } = envelope;
      const record = { offset, timestampMs, key, value, headers: headers.slice(0, -1) };
      const output = (isLabel ? rejectLabel : rejectTransaction)(record, partition, rejection);
      return { outputs: [output], label: rejectedLabel(rejection.reason), event };
    },

    /** None of our stages put it where it lies, whatever its envelope claims: it stands for itself. */
    foreign(record: LogRecord, partition: number, rejection: Rejection): ChainStep {
      const output = rejectForeign(record, partition, rejection);
      return { outputs: [output], label: rejectedLabel(rejection.reason), event: null };
    },
  };
}

export function foreignRejection(got: string): Rejection {
  return { reason: "foreign", faults: [{ field: "$", expected: "a record of the stage before", got }] };
}
