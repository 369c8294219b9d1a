import { TOPICS } from "@weir/schema";
import { expect, test } from "vitest";
import { type ExistingTopic, planTopics, wantedTopics } from "./topics.ts";

const state = "weir.state.queueing.transactions";

/** A cluster as `topics apply` leaves it, with changes. */
function aCluster(changes: Readonly<Record<string, ExistingTopic | null>> = {}): Map<string, ExistingTopic | null> {
  const topics = wantedTopics(TOPICS, "weir", 4).map((topic): [string, ExistingTopic | null] => [topic.name, topic]);
  return new Map([...topics, ...Object.entries(changes)]);
}

test("an empty cluster gets all five topics, the state topic compacted, all with the partitions asked for", () => {
  const plan = planTopics(TOPICS, "weir", 8, new Map());
  expect(plan.missing.map((topic) => topic.name)).toEqual([
    TOPICS.transactions,
    TOPICS.legit,
    TOPICS.fraud,
    TOPICS.rejected,
    state,
  ]);
  expect(plan.missing.every((topic) => topic.partitions === 8)).toBe(true);
  expect(plan.missing.find((topic) => topic.name === state)?.config["cleanup.policy"]).toBe("compact");
  expect(plan).toMatchObject({ existing: [], notes: [], faults: [] });
});

test("without a number the default is 4", () => {
  expect(planTopics(TOPICS, "weir", null, new Map()).missing.map((topic) => topic.partitions)).toEqual([4, 4, 4, 4, 4]);
});

test("a cluster that apply has made has nothing to tell", () => {
  expect(planTopics(TOPICS, "weir", 4, aCluster())).toMatchObject({ missing: [], notes: [], faults: [] });
});

test("an input that others made decides the partitions of what is missing", () => {
  const input: ExistingTopic = { partitions: 6, config: {} };
  const plan = planTopics(TOPICS, "weir", null, new Map([[TOPICS.transactions, input]]));
  expect(plan.missing.map((topic) => topic.partitions)).toEqual([6, 6, 6, 6]);
  expect(plan).toMatchObject({ existing: [TOPICS.transactions], notes: [], faults: [] });
});

test("an input with other partitions than asked for is taken as it is, and told", () => {
  const input: ExistingTopic = { partitions: 6, config: {} };
  const plan = planTopics(TOPICS, "weir", 4, new Map([[TOPICS.transactions, input]]));
  expect(plan.notes).toEqual(["queueing.transactions has 6 partitions, not the 4 asked for"]);
  expect(plan.faults).toEqual([]);
});

test("a state topic with other partitions than the input is a fault with its mend", () => {
  const plan = planTopics(TOPICS, "weir", null, aCluster({ [state]: { partitions: 3, config: {} } }));
  expect(plan.faults).toHaveLength(1);
  expect(plan.faults[0]).toContain("has 3 partitions, but queueing.transactions has 4");
  expect(plan.faults[0]).toContain(`delete ${state}`);
});

test.each([
  [state, "delete", 1],
  [state, "compact,delete", 1],
  [state, "compact", 0],
  [TOPICS.transactions, "compact", 1],
  [TOPICS.fraud, "compact,delete", 1],
  [TOPICS.legit, "delete", 0],
])("%s with cleanup.policy=%s has %i faults", (name, policy, count) => {
  const topic: ExistingTopic = { partitions: 4, config: { "cleanup.policy": policy } };
  expect(planTopics(TOPICS, "weir", null, aCluster({ [name]: topic })).faults).toHaveLength(count);
});

test("outputs may have any number of partitions, and another retention is told", () => {
  const legit: ExistingTopic = { partitions: 1, config: { "cleanup.policy": "delete", "retention.ms": "1000" } };
  const plan = planTopics(TOPICS, "weir", null, aCluster({ [TOPICS.legit]: legit }));
  expect(plan.faults).toEqual([]);
  expect(plan.notes).toEqual(["streaming.transactions.legit has retention.ms=1000, Weir's own would have 604800000"]);
});
