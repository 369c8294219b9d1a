/** What is simulated by default: two counting stages in a row, the second keyed by something else than the first. */
import { partitionFor } from "@weir/schema";
import { COUNTING_TOPICS, countingStage, POISON } from "../counting-stage.ts";
import type { Subject } from "./simulation.ts";

const PARTITIONS = 2;
const KEYS = 7;
const BETWEEN = "between";

export const countingChain: Subject = {
  partitions: PARTITIONS,
  stages: () => [
    countingStage({
      name: "first",
      output: BETWEEN,
      keyOf: ({ key, offset }) => Buffer.from(`t${(offset + (key?.[0] ?? 0)) % 5}`),
    }),
    countingStage({ name: "second", input: BETWEEN, stateTopic: "between.state" }),
  ],
  produce(broker, _index, dice) {
    const key = Buffer.from(`k${dice.between(1, KEYS)}`);
    const value = Buffer.from(dice.unit() < 0.03 ? POISON : "pay");
    broker.produce({ topic: COUNTING_TOPICS.input, partition: partitionFor(key, PARTITIONS), key, value });
  },
};
