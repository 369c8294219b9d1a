/** The chain of a plan, stage by stage. */
import { stateTopic } from "@weir/schema";
import { createDetectorStage } from "../stage.ts";
import { type ChainOptions, type ChainStage, partitionsOf } from "./chain-stage.ts";
import { createEntityStage } from "./entity-stage.ts";
import { createGate } from "./gate.ts";
import { createLabels } from "./labels.ts";
import { type ChainLink, chainOf } from "./topology.ts";

/** In the order of the flow. Throws if the partitions of a log that a state is kept of are not among the options'. */
export function createChain(options: ChainOptions): ChainStage[] {
  return chainOf(options.plan, options).map((link) => createStage(link, options));
}

function createStage(link: ChainLink, options: ChainOptions): ChainStage {
  switch (link.kind) {
    case "decide":
      return createOnlyStage(link, options);
    case "gate":
      return createGate(link, options);
    case "labels":
      return createLabels(link, options);
    case "entity":
      return createEntityStage(link, options);
  }
}

/** The partition count matters only where state is keyed: a stateless ruleset decides wherever a record lies. */
function createOnlyStage({ name, kind, groupSuffix, entity }: ChainLink, options: ChainOptions): ChainStage {
  const { topics, appId } = options;
  const stage = createDetectorStage({
    ...options,
    topics: { input: topics.transactions, ...topics },
    stateTopic: stateTopic(appId, topics.transactions),
    keyedPartitions: entity === null ? null : partitionsOf(options, topics.transactions),
  });
  return { ...stage, name, kind, groupSuffix, horizonMs: entity?.layout.horizonMs ?? 0 };
}
