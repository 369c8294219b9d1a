import { EntityState, layoutOf } from "@weir/engine";
import type { OracleRules } from "./oracle.ts";

/** What the state is asked and told; a planted bug stands in between. */
export type StateUnderTest = Pick<
  EntityState,
  | "streamTimeMs"
  | "replayFrom"
  | "ask"
  | "approximate"
  | "contributors"
  | "duplicateOf"
  | "matches"
  | "apply"
  | "takeSnapshot"
  | "load"
  | "loaded"
  | "canonical"
>;
export type MakeState = (rules: OracleRules) => StateUnderTest;

export const makeState: MakeState = (rules) => {
  const { entity, features, maxLiveEvents, ...options } = rules;
  const layout = { ...layoutOf(entity, features, options), maxLiveEvents };
  return new EntityState("oracle@1", layout, features);
};
