import { type DecodedLabel, parseDecisionId } from "@weir/schema";
import type { Labelling } from "../window/observation.ts";

/** The label for the state of one entity, whose value it names `key`. `topic`: of the transactions, for decision ids. */
export function labellingOf(label: DecodedLabel, key: string, topic: string): Labelling {
  const { source, transaction, fraud, labelledAtMs } = label;
  return { kind: "label", key, source, transaction, origin: parseDecisionId(transaction, topic), fraud, labelledAtMs };
}
