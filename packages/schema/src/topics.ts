/** Topics and their default names: TRANSACTIONS_TOPIC, LABELS_TOPIC, LEGIT_TOPIC, FRAUD_TOPIC, REJECTED_TOPIC. */
export const TOPICS = {
  transactions: "queueing.transactions",
  labels: "queueing.labels",
  legit: "streaming.transactions.legit",
  fraud: "streaming.transactions.fraud",
  rejected: "streaming.transactions.rejected",
} as const;

/** Names the one decision an input record can have: `<input topic>/<partition>/<offset>`. */
export function decisionId(topic: string, partition: number, offset: number): string {
  return `${topic}/${partition}/${offset}`;
}

/** The record of `topic` that `id` is the decision id of; null if it is none. */
export function parseDecisionId(
  id: string,
  topic: string,
): { readonly partition: number; readonly offset: number } | null {
  if (!id.startsWith(`${topic}/`)) return null;
  const [, partition, offset] = /^(0|[1-9]\d{0,8})\/(0|[1-9]\d{0,15})$/.exec(id.slice(topic.length + 1)) ?? [];
  return partition === undefined ? null : { partition: Number(partition), offset: Number(offset) };
}

/** The log between stages that is keyed by `entity`, a field of transactions. */
export function entityTopic(appId: string, entity: string): string {
  return `${appId}.by-${entity}`;
}

/** The compacted topic that holds a stage's rolling snapshot. */
export function stateTopic(appId: string, inputTopic: string): string {
  return `${appId}.state.${inputTopic}`;
}
