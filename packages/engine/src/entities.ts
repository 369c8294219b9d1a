/** The chain of a plan: whose state answers which features, in the order in which a transaction passes them. */
import type { EntityField, Feature } from "./feature.ts";
import type { PlannedEntity } from "./plan.ts";
import { layoutOf, readsLabels } from "./window/layout.ts";

/**
 * Source, then target, then others by name. The source always, since duplicates are told apart there; the target right
 * behind it, so that a label, which names no other entity, follows its transaction from the one to the other.
 */
export function planEntities(features: readonly Feature[], latenessMs: number): PlannedEntity[] {
  if (features.length === 0) return [];
  const asked = new Set(features.map(({ by }) => by));
  const known = (["source", "target"] as const).filter((field) => field === "source" || asked.has(field));
  const fields: EntityField[] = [...known, ...[...asked.difference(new Set(known))].sort()];
  let at = 0;
  return fields.map((field) => {
    const own = features.filter(({ by }) => by === field);
    const layout = layoutOf(field, own, { latenessMs, ids: true, labels: own.some(readsLabels) });
    const entity = { field, layout, features: own, at };
    at += own.length;
    return entity;
  });
}
