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

/** Any topic's decision id: its topic, its partition, its offset. */
export const DECISION_ID = /^([a-zA-Z0-9._-]{1,249})\/(0|[1-9]\d{0,8})\/(0|[1-9]\d{0,15})$/;

/** The record of `topic` that `id` is the decision id of; null if it is none. */
export function parseDecisionId(
  id: string,
  topic: string,
): { readonly partition: number; readonly offset: number } | null {
  const [, of, partition, offset] = DECISION_ID.exec(id) ?? [];
  return of === topic ? { partition: Number(partition), offset: Number(offset) } : null;
}

/** The log between stages that is keyed by `entity`, a field of transactions. */
export function entityTopic(appId: string, entity: string): string {
  return `${appId}.by-${entity}`;
}

/** The compacted topic that holds a stage's rolling snapshot. */
export function stateTopic(appId: string, inputTopic: string): string {
  return `${appId}.state.${inputTopic}`;
}

/** The compacted topic that says which rejected records were sent in again; keyed by the decision id of what was rejected. */
export function rejectedLedgerTopic(appId: string): string {
  return `${appId}.rejected.ledger`;
}
