/** All that Weir itself asks of the objects of an overlay. */
import { manifestFaults } from "./manifests.ts";
import { networkFaults } from "./network.ts";
import type { Document } from "./repository.ts";
import { scalingFaults } from "./scaling.ts";
import { strimziFaults } from "./strimzi.ts";

export function policyFaults(objects: readonly Document[]): string[] {
  return [...manifestFaults(objects), ...networkFaults(objects), ...scalingFaults(objects), ...strimziFaults(objects)];
}
