/**
 * The chain of a plan: which stages a transaction passes, in their order, and what each reads. It pays for what it uses:
 * where nothing or only the source's past is asked and the input is keyed by source, one stage decides at once.
 */
import { entityTopic } from "@weir/schema";
import type { EntityField } from "../feature.ts";
import type { Plan, PlannedEntity } from "../plan.ts";

export type ChainTopics = {
  readonly transactions: string;
  readonly labels: string;
  readonly legit: string;
  readonly fraud: string;
  readonly rejected: string;
};

/**
 * - decide: the only stage; reads the transactions.
 * - gate: puts the transactions in order, in the log by source.
 * - labels: puts the labels among them.
 * - entity: answers what is asked of one entity; the last of them decides.
 */
export type ChainLink = (
  | { readonly kind: "decide"; readonly reads: "transactions"; readonly entity: PlannedEntity | null }
  | { readonly kind: "gate"; readonly reads: "transactions"; readonly entity: null }
  | { readonly kind: "labels"; readonly reads: "labels"; readonly entity: null }
  | { readonly kind: "entity"; readonly reads: EntityField; readonly entity: PlannedEntity }
) & {
  /** Of an entity's stage the entity's field, else the kind. */
  readonly name: string;
  /** The consumer group is `<app>-<this>`: of the input topics the same whatever the ruleset. */
  readonly groupSuffix: string;
};

export type ChainShape = {
  /** The transactions are keyed by source, with Kafka's default partitioner. */
  readonly inputKeyed: boolean;
};

const ENTRY = { reads: "transactions", groupSuffix: "entry" } as const;

/** In the order of the flow; the last one decides. */
export function chainOf({ entities }: Plan, { inputKeyed }: ChainShape): ChainLink[] {
  const labelled = entities.some(({ layout }) => layout.labels);
  const [first = null] = entities;
  if (first === null || (inputKeyed && entities.length === 1 && !labelled))
    return [{ kind: "decide", name: "decide", entity: first, ...ENTRY }];
  const chain: ChainLink[] = [{ kind: "gate", name: "gate", entity: null, ...ENTRY }];
  if (labelled)
    chain.push({ kind: "labels", name: "labels", reads: "labels", entity: null, groupSuffix: "entry-labels" });
  for (const entity of entities) {
    const { field } = entity;
    chain.push({ kind: "entity", name: field, reads: field, entity, groupSuffix: `by-${field}` });
  }
  return chain;
}

export function inputTopicOf({ reads }: ChainLink, appId: string, topics: ChainTopics): string {
  return reads === "transactions" || reads === "labels" ? topics[reads] : entityTopic(appId, reads);
}
