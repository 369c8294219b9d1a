/** What a feature is called between stages, so that rulesets which agree about it understand each other. */
import { createHash } from "node:crypto";
import type { Feature } from "../feature.ts";

/** The first 32 bits of the SHA-256 of its definition, name included. */
export function featureId(feature: Feature): number {
  const { name, by, and, aggregate, field, windowMs, delayMs, before, otherwise } = feature;
  const definition = JSON.stringify([name, by, and, aggregate, field, windowMs, delayMs, before, otherwise]);
  return createHash("sha256").update(definition).digest().readUInt32LE(0);
}

/** In the order of `features`. Throws if two are called the same, which has a chance of 1 in 3,500,000 for 50 features. */
export function featureIds(features: readonly Feature[]): Uint32Array {
  const ids = Uint32Array.from(features, featureId);
  for (const [index, id] of ids.entries()) {
    const first = ids.indexOf(id);
    if (first < index)
      throw new Error(`${features[first]?.name} and ${features[index]?.name} have the same id: give one another name`);
  }
  return ids;
}
