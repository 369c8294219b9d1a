import { envelopes } from "./envelopes.ts";
import { http } from "./http.ts";
import { labels, transactions } from "./messages.ts";
import { rulesets } from "./rulesets.ts";
import { chunkLoads, markers } from "./snapshots.ts";
import type { Target } from "./target.ts";

/** All that takes bytes from outside. */
export function allTargets(): Target[] {
  return [transactions, labels, envelopes, markers, chunkLoads, rulesets, http()];
}
