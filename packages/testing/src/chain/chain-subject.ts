/** The chain of a plan as what is simulated: under every fault, its topics hold what its logs give. */
import type { Subject } from "../sim/simulation.ts";
import { CHAIN_TOPICS, type ChainRunOptions, chainWith } from "./chain-run.ts";
import { type Input, paymentsOf } from "./payments.ts";

/** For one simulation. */
export function chainSubject(options: ChainRunOptions): Subject {
  const { partitions, inputKeyed: keyed = false } = options;
  const read = new Set(chainWith(options).map(({ input }) => input));
  let inputs: Iterator<Input, undefined> | null = null;
  return {
    partitions,
    stages: () => chainWith(options),
    produce(broker, _index, dice) {
      inputs ??= paymentsOf({ seed: dice.between(0, 2 ** 30), partitions, topics: CHAIN_TOPICS, keyed }).filter(
        // Labels are there only for a chain that takes them in.
        ({ topic }) => read.has(topic),
      );
      const { value } = inputs.next();
      if (value !== undefined) broker.produce(value);
    },
  };
}
