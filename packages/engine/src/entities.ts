/** The chain of a plan: whose state answers which features, in the order in which a transaction passes them. */
import type { EntityField, Feature } from "./feature.ts";
import type { PlannedEntity } from "./plan.ts";
import { layoutOf, readsLabels } from "./window/layout.ts";

/** Source, then others by name, then target; the source always, since duplicates are told apart there. */
export function planEntities(features: readonly Feature[], latenessMs: number): PlannedEntity[] {
  if (features.length === 0) return [];
  const others = new Set<EntityField>(features.map(({ by }) => by)).difference(new Set<EntityField>(["source"]));
  const last = others.delete("target") ? (["target"] as const) : [];
  const fields: EntityField[] = ["source", ...[...others].sort(), ...last];
  let at = 0;
  return fields.map((field) => {
    const own = features.filter(({ by }) => by === field);
    const layout = layoutOf(field, own, { latenessMs, ids: true, labels: own.some(readsLabels) });
    const entity = { field, layout, features: own, at };
    at += own.length;
    return entity;
  });
}
