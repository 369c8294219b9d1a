/** The chain of a plan, stage by stage. */
import type { ChainOptions, ChainStage } from "./chain-stage.ts";
import { createEntityStage } from "./entity-stage.ts";
import { createEntryStage } from "./entry-stage.ts";
import { createGate } from "./gate.ts";
import { createLabels } from "./labels.ts";
import { type ChainLink, chainOf } from "./topology.ts";

/**
 * In the order of the flow. Throws if the partitions of a log that a state is kept of are not among the options', and if
 * ids are to be tokens in an input that is keyed by what they were before.
 */
export function createChain(options: ChainOptions): ChainStage[] {
  if (options.inputKeyed && options.tokens !== undefined)
    throw new RangeError("an input is not keyed by tokens: with them inputKeyed must be false");
  return chainOf(options.plan, options).map((link) => createStage(link, options));
}

function createStage(link: ChainLink, options: ChainOptions): ChainStage {
  switch (link.kind) {
    case "entry":
      return createEntryStage(link, options);
    case "gate":
      return createGate(link, options);
    case "labels":
      return createLabels(link, options);
    case "entity":
      return createEntityStage(link, options);
  }
}
