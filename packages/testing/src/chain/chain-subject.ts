/** The chain of a plan as what is simulated: under every fault, its topics hold what its logs give. */
import type { Subject } from "../sim/simulation.ts";
import { CHAIN_TOPICS, type ChainRunOptions, chainWith } from "./chain-run.ts";
import { type Input, paymentsOf } from "./payments.ts";

/** For one simulation. */
export function chainSubject(options: ChainRunOptions): Subject {
  const { partitions } = options;
  let inputs: Generator<Input> | null = null;
  return {
    partitions,
    stages: () => chainWith(options),
    produce(broker, _index, dice) {
      inputs ??= paymentsOf({ seed: dice.between(0, 2 ** 30), partitions, topics: CHAIN_TOPICS });
      broker.produce(inputs.next().value);
    },
  };
}
