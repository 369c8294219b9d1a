/** Where a stage lets transactions go: into the log of the next entity, or as the last one decided into the outputs. */
import { entityTopic } from "@weir/schema";
import type { PlannedEntity } from "../plan.ts";
import type { ChainOptions, ChainStage } from "./chain-stage.ts";
import { createDeciding } from "./deciding.ts";
import type { Departure, Earlier } from "./departure.ts";
import { createForwarding } from "./forwarding.ts";

export type Onward = Pick<ChainStage, "outputs" | "feeds"> & {
  readonly depart: Departure;
  /** Whose stage comes next; null: none, it is decided here. */
  readonly next: PlannedEntity | null;
};

/** `entity`: whose state the stage keeps; null: of none, and the stage is the only one. */
export function createOnward(entity: PlannedEntity | null, earlier: Earlier, options: ChainOptions): Onward {
  const { plan, appId, topics, explain } = options;
  const at = entity?.at ?? 0;
  const next = entity === null ? undefined : plan.entities[plan.entities.indexOf(entity) + 1];
  if (entity === null || next === undefined) {
    const depart = createDeciding({ plan, topics, explain, at, earlier });
    return { depart, next: null, outputs: [topics.legit, topics.fraud, topics.rejected], feeds: [] };
  }
  const topic = entityTopic(appId, next.field);
  const known = at + entity.features.length;
  const depart = createForwarding({ plan, appId, next: next.field, at, known, earlier });
  return { depart, next, outputs: [topic, topics.rejected], feeds: [topic] };
}
