/**
 * What the detector knows of one customer or counterparty right now: the windows of its state, and the decisions of late.
 * Customer data, so it is on the admin port.
 *
 * The windows are read from the state in one go between two batches, so all of them are as of the same offset; what is
 * applied may be a batch or two ahead of what is committed. Decisions are of the committed ones.
 */
import {
  type ChainLink,
  type ChainStage,
  type EntityField,
  EntityState,
  type EntityView,
  type StateEvent,
  type Tokens,
} from "@weir/engine";
import { type Decision, ID_MEMBERS, partitionFor } from "@weir/schema";
import { type RouteAnswer, type RouteRequest, type Routes, refusal } from "@weir/service";
import type { PartitionCounts, RunningChain } from "@weir/stream";
import type { DecisionTail } from "./decision-tail.ts";

const ENTITY = { method: "GET", path: "/entities/:field/:key" } as const;

export const ENTITY_ROUTES = [ENTITY] as const;

const MOST_DECISIONS = 50;
const ASK_AGAIN_SECONDS = "2";

/** The body of a 200. */
export type EntityAnswer = Omit<EntityView, "streamTimeMs" | "oldestMs" | "newestMs"> & {
  readonly field: EntityField;
  readonly key: string;
  readonly ruleset: string;
  readonly topic: string;
  readonly partition: number;
  readonly group: string;
  readonly applied: number;
  readonly committed: number;
  /** null before the first event of the partition. */
  readonly streamTimeMs: number | null;
  /** Windows that reach back before it may lack transactions; null: none does. */
  readonly historySinceMs: number | null;
  /** null where no event is live. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  /** How many decisions were looked through. */
  readonly outOf: number;
  /** The last to be decided first. */
  readonly decisions: readonly Decision[];
};

/** A stage that keeps the state of an entity, here or elsewhere. */
export type EntityPlace = {
  readonly field: EntityField;
  readonly stage: string;
  /** Keyed by the entity. */
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
};

export type EntityRoutesOptions = {
  readonly chain: Pick<RunningChain<StateEvent>, "peek">;
  readonly places: readonly EntityPlace[];
  /** Null where there is no admin port. */
  readonly tail: DecisionTail | null;
  /** Of the ruleset. */
  readonly label: string;
  /** What the keys of states are; undefined: ids as they came. */
  readonly tokens: Tokens | undefined;
};

/** Of the stages of a chain those that keep an entity. `links`: how the chain runs, here or elsewhere. */
export function entityPlaces(
  chain: readonly ChainLink[],
  links: readonly { readonly stage: Pick<ChainStage, "name" | "input">; readonly group: string }[],
  counts: PartitionCounts,
): EntityPlace[] {
  return chain.flatMap(({ name, entity }) => {
    const link = links.find(({ stage }) => stage.name === name);
    const topic = link?.stage.input ?? "";
    const partitions = counts.get(topic);
    if (entity === null || link === undefined || partitions === undefined) return [];
    return [{ field: entity.field, stage: name, topic, partitions, group: link.group }];
  });
}

export function answerEntities(routes: Routes, options: EntityRoutesOptions): void {
  routes.handle(ENTITY, (request) => answer(options, request));
}

async function answer(
  { chain, places, tail, label, tokens }: EntityRoutesOptions,
  { params, query }: RouteRequest,
): Promise<RouteAnswer> {
  const { field, key: asked = "" } = params;
  if (Object.keys(query).length > 0) return refusal(400, "nothing may be asked beside the entity and its key");
  const place = places.find((one) => one.field === field);
  if (place === undefined) {
    const kept = places.map((one) => one.field).join(", ");
    return refusal(404, `${label} keeps nothing by that; ${kept === "" ? "it looks at no past" : `by ${kept}`}`);
  }
  if (asked === "") return refusal(404, "a key is not empty");
  const isId = (ID_MEMBERS as readonly string[]).includes(place.field);
  const key = isId && tokens !== undefined ? tokens.of(asked) : asked;
  const partition = partitionFor(key, place.partitions);
  const { topic, group } = place;
  const where = { topic, partition, group };
  const peek = chain.peek(place.stage, partition, ({ state, applied, committed }) => ({
    applied,
    committed,
    streamTimeMs: state.streamTimeMs < 0 ? null : state.streamTimeMs,
    historySinceMs: state.streamTimeMs < 0 || state.historySinceMs === 0 ? null : state.historySinceMs,
    view: state instanceof EntityState ? state.view(key) : null,
  }));
  switch (peek.kind) {
    case "elsewhere":
      return {
        status: 404,
        body: { error: `it is in ${topic}/${partition}, which another detector of the group ${group} has`, ...where },
      };
    case "not ready":
      return {
        status: 503,
        headers: { "retry-after": ASK_AGAIN_SECONDS },
        body: {
          error: `the state of ${topic}/${partition} is not ready`,
          ...where,
          phase: peek.status?.phase ?? "waiting for partitions",
          restoring: peek.status?.restoring ?? null,
        },
      };
    case "seen": {
      const { view, ...asOf } = peek.seen;
      const outOf = tail?.size ?? 0;
      const decisions = (await tail?.about(place.field, key, MOST_DECISIONS)) ?? [];
      if (view === null && decisions.length === 0)
        return { status: 404, body: { error: "nothing is known of this key", ...where, ...asOf } };
      const windows = view ?? NO_WINDOWS;

      const about = { field: place.field, key, ruleset: label };
      const body: EntityAnswer = { ...about, ...where, ...windows, ...asOf, outOf, decisions };
      return { status: 200, body };
    }
  }
}

/** Decided here, and no transaction of it is in the windows any more. */
const NO_WINDOWS = { liveEvents: 0, oldestMs: null, newestMs: null, currenciesLeftOut: 0, features: [] };
