/** The states of all entities of a plan over one log: what a chain of stages does, in one process. */
import type { DecodedLabel } from "@weir/schema";
import type { PlannedEntity } from "./plan.ts";
import { EntityState } from "./window/entity-state.ts";
import { layoutIdentity } from "./window/layout.ts";
import type { Duplicate, Observation, Origin } from "./window/observation.ts";

type Kept = PlannedEntity & { readonly state: EntityState };

export class EntityStates {
  readonly #entities: readonly Kept[];

  constructor(entities: readonly PlannedEntity[]) {
    this.#entities = entities.map((entity) => ({
      ...entity,
      state: new EntityState(layoutIdentity(entity.layout), entity.layout, entity.features),
    }));
  }

  /** The earlier transaction of the same source and id, if it is still kept. */
  duplicateOf(observation: Observation): Duplicate | null {
    return this.#entities[0]?.state.duplicateOf(observation) ?? null;
  }

  /** Whether it is decided without being counted for later ones. */
  isLate(timeMs: number): boolean {
    return this.#entities.some(({ state }) => state.isLate(timeMs));
  }

  /** Writes the whole feature vector. */
  ask(observation: Observation, into: Float64Array): void {
    for (const { state, at } of this.#entities) state.ask(observation, into, at);
  }

  approximate(observation: Observation): boolean {
    return this.#entities.some(({ state }) => state.approximate(observation));
  }

  /** Origins of the earlier transactions that the feature at `index` of the vector is about, newest first. */
  contributors(index: number, observation: Observation, limit: number): Origin[] {
    const entity = this.#entities.findLast(({ at }) => at <= index);
    return entity?.state.contributors(index - entity.at, observation, limit) ?? [];
  }

  /** After it was decided. */
  apply(observation: Observation, offset: number): void {
    for (const { state } of this.#entities) state.apply(observation, offset);
  }

  /** A duplicate is rejected where the source is kept and goes no further. */
  applyDuplicate(observation: Observation, offset: number): void {
    this.#entities[0]?.state.apply(observation, offset);
  }

  /** `origin`: what the label's transaction names if it is a decision id. Whether some entity knows the transaction. */
  applyLabel(label: DecodedLabel, origin: Origin | null, offset: number): boolean {
    let matched = false;
    for (const { field, layout, state } of this.#entities) {
      if (!layout.labels || (field !== "source" && field !== "target")) continue;
      const { source, transaction, fraud, labelledAtMs } = label;
      const labelling = { kind: "label", key: label[field], source, transaction, origin, fraud, labelledAtMs } as const;
      matched = state.matches(labelling) || matched;
      state.apply(labelling, offset);
    }
    return matched;
  }
}
