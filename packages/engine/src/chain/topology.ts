/**
 * The chain of a plan: which stages a transaction passes, in their order, and what each reads. It pays for what it uses:
 * where nothing of the past is asked one stage decides at once, and an input that is keyed by source is itself the log
 * that the source's stage reads, as long as no labels have to be put among the transactions.
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
 * - entry: reads the transactions itself; answers what is asked of the source, if anything. Alone it decides.
 * - gate: puts the transactions in order, in the log by source.
 * - labels: puts the labels among them.
 * - entity: answers what is asked of one entity; the last of them decides.
 */
export type ChainLink = (
  | { readonly kind: "entry"; readonly reads: "transactions"; readonly entity: PlannedEntity | null }
  | { readonly kind: "gate"; readonly reads: "transactions"; readonly entity: null }
  | { readonly kind: "labels"; readonly reads: "labels"; readonly entity: null }
  | { readonly kind: "entity"; readonly reads: EntityField; readonly entity: PlannedEntity }
) & {
  /** Of a stage that is for one entity among several stages the entity's field; `decide` of one that is alone; else the kind. */
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
  const [first = null, ...others] = entities;
  if (first === null || (inputKeyed && !labelled)) {
    const name = first === null || others.length === 0 ? "decide" : first.field;
    return [{ kind: "entry", name, entity: first, ...ENTRY }, ...others.map(linkOf)];
  }
  const chain: ChainLink[] = [{ kind: "gate", name: "gate", entity: null, ...ENTRY }];
  if (labelled)
    chain.push({ kind: "labels", name: "labels", reads: "labels", entity: null, groupSuffix: "entry-labels" });
  return [...chain, ...entities.map(linkOf)];
}

function linkOf(entity: PlannedEntity): ChainLink {
  const { field } = entity;
  return { kind: "entity", name: field, reads: field, entity, groupSuffix: `by-${field}` };
}

export function inputTopicOf({ reads }: ChainLink, appId: string, topics: ChainTopics): string {
  return reads === "transactions" || reads === "labels" ? topics[reads] : entityTopic(appId, reads);
}
