import { readFileSync } from "node:fs";
import { compileRuleset, type PlannedEntity } from "@weir/engine";
import { TOPICS } from "@weir/schema";
import { expect, test } from "vitest";
import { type ExistingTopic, planTopics, type TopicsOf, wantedTopics } from "./topics.ts";

const state = "weir.state.queueing.transactions";
const ledger = "weir.rejected.ledger";
const DAY_MS = 86_400_000;

/** Of the rules in rulesets/. */
function topicsOf(ruleset: string, changes: Partial<TopicsOf> = {}): TopicsOf {
  const file = `rulesets/${ruleset}.yaml`;
  const compiled = compileRuleset(readFileSync(file, "utf8"), { file });
  if (!compiled.ok) throw new Error(`${ruleset} does not compile`);
  return { names: TOPICS, appId: "weir", plan: compiled.plan, inputKeyed: true, ...changes };
}

const withoutLabels = (one: PlannedEntity): PlannedEntity => ({ ...one, layout: { ...one.layout, labels: false } });

const THRESHOLD = topicsOf("threshold");
const CARDS = topicsOf("card-payments");

/** A cluster as `topics apply` leaves it, with changes. */
function aCluster(changes: Readonly<Record<string, ExistingTopic | null>> = {}): Map<string, ExistingTopic | null> {
  const topics = wantedTopics(CARDS, 4).map((topic): [string, ExistingTopic | null] => [topic.name, topic]);
  return new Map([...topics, ...Object.entries(changes)]);
}

test("an empty cluster gets the topics of the interface and compacted ones of state and replays, with the partitions asked for", () => {
  const plan = planTopics(THRESHOLD, 8, new Map());
  expect(plan.missing.map((topic) => topic.name)).toEqual([
    TOPICS.transactions,
    TOPICS.labels,
    TOPICS.legit,
    TOPICS.fraud,
    TOPICS.rejected,
    state,
    ledger,
  ]);
  expect(plan.missing.every((topic) => topic.partitions === 8)).toBe(true);
  const compacted = plan.missing.filter(({ config }) => config["cleanup.policy"] === "compact");
  expect(compacted.map(({ name }) => name)).toEqual([state, ledger]);
  expect(plan).toMatchObject({ existing: [], notes: [], faults: [] });
});

test("without a number the default is 4", () => {
  expect(planTopics(THRESHOLD, null, new Map()).missing.map((topic) => topic.partitions)).toEqual([
    4, 4, 4, 4, 4, 4, 4,
  ]);
});

test("a cluster that apply has made has nothing to tell", () => {
  expect(planTopics(THRESHOLD, 4, aCluster())).toMatchObject({ missing: [], notes: [], faults: [] });
});

test("an input that others made decides the partitions of what is missing", () => {
  const input: ExistingTopic = { partitions: 6, config: {} };
  const plan = planTopics(THRESHOLD, null, new Map([[TOPICS.transactions, input]]));
  expect(plan.missing.map((topic) => topic.partitions)).toEqual([6, 6, 6, 6, 6, 6]);
  expect(plan).toMatchObject({ existing: [TOPICS.transactions], notes: [], faults: [] });
});

test("an input with other partitions than asked for is taken as it is, and told", () => {
  const input: ExistingTopic = { partitions: 6, config: {} };
  const plan = planTopics(THRESHOLD, 4, new Map([[TOPICS.transactions, input]]));
  expect(plan.notes).toEqual(["queueing.transactions has 6 partitions, not the 4 asked for"]);
  expect(plan.faults).toEqual([]);
});

test("a state topic with other partitions than the input is a fault with its mend", () => {
  const plan = planTopics(THRESHOLD, null, aCluster({ [state]: { partitions: 3, config: {} } }));
  expect(plan.faults).toHaveLength(1);
  expect(plan.faults[0]).toContain("has 3 partitions, but queueing.transactions has 4");
  expect(plan.faults[0]).toContain(`delete ${state}`);
});

test.each([
  [state, "delete", 1],
  [state, "compact,delete", 1],
  [state, "compact", 0],
  [ledger, "delete", 1],
  [TOPICS.transactions, "compact", 1],
  [TOPICS.fraud, "compact,delete", 1],
  [TOPICS.legit, "delete", 0],
])("%s with cleanup.policy=%s has %i faults", (name, policy, count) => {
  const topic: ExistingTopic = { partitions: 4, config: { "cleanup.policy": policy } };
  expect(planTopics(THRESHOLD, null, aCluster({ [name]: topic })).faults).toHaveLength(count);
});

test("outputs may have any number of partitions, and another retention is told", () => {
  const legit: ExistingTopic = { partitions: 1, config: { "cleanup.policy": "delete", "retention.ms": "1000" } };
  const plan = planTopics(THRESHOLD, null, aCluster({ [TOPICS.legit]: legit }));
  expect(plan.faults).toEqual([]);
  expect(plan.notes).toEqual(["streaming.transactions.legit has retention.ms=1000, Weir's own would have 604800000"]);
});

test("a chain gets a log and a state for each of its stages, kept as long as its features look back", () => {
  const wanted = wantedTopics(CARDS, 4);
  const names = ["weir.by-source", "weir.by-target"];
  expect(wanted.map(({ name }) => name)).toEqual([
    ...Object.values(TOPICS),
    ...names,
    ...[TOPICS.transactions, TOPICS.labels, ...names].map((name) => `weir.state.${name}`),
    ledger,
  ]);
  for (const { field, layout } of CARDS.plan.entities) {
    const log = wanted.find(({ name }) => name === `weir.by-${field}`);
    expect(log?.config["cleanup.policy"]).toBe("delete");
    expect(Number(log?.config["retention.ms"])).toBeGreaterThanOrEqual(layout.horizonMs);
  }
  expect(CARDS.plan.horizonMs).toBeGreaterThan(30 * DAY_MS);
});

test("an input that is keyed by source is itself the log of the source's stage, where no labels come in", () => {
  const unlabelled = { ...CARDS.plan, entities: CARDS.plan.entities.map(withoutLabels) };
  const wanted = wantedTopics({ ...CARDS, plan: unlabelled }, 4);
  expect(wanted.map(({ name }) => name)).toEqual([
    ...Object.values(TOPICS),
    "weir.by-target",
    ...[TOPICS.transactions, "weir.by-target"].map((name) => `weir.state.${name}`),
    ledger,
  ]);
  const input = wanted.find(({ name }) => name === TOPICS.transactions);
  expect(Number(input?.config["retention.ms"])).toBeGreaterThan(30 * DAY_MS);
});

test("one stage that keeps a state needs its input for as long; behind a gate the input is not needed any more", () => {
  const retentionOf = (topics: TopicsOf) =>
    Number(wantedTopics(topics, 4).find(({ name }) => name === TOPICS.transactions)?.config["retention.ms"]);
  const { plan } = topicsOf("starter");
  const long = {
    ...plan,
    entities: plan.entities.map((one) => ({ ...one, layout: { ...one.layout, horizonMs: 9 * DAY_MS } })),
  };
  expect(retentionOf(topicsOf("starter", { plan: long }))).toBe(9 * DAY_MS);
  expect(retentionOf(topicsOf("starter", { plan: long, inputKeyed: false }))).toBe(7 * DAY_MS);
});

test("the log of a stage may have other partitions than the input, its state the same as the log", () => {
  const changes = { "weir.by-source": { partitions: 8, config: {} }, "weir.state.weir.by-source": null };
  const plan = planTopics(CARDS, null, aCluster(changes));
  expect(plan).toMatchObject({ faults: [], missing: [{ name: "weir.state.weir.by-source", partitions: 8 }] });
  const other = { "weir.by-source": { partitions: 8, config: {} } };
  expect(planTopics(CARDS, null, aCluster(other)).faults).toEqual([
    expect.stringContaining("weir.state.weir.by-source has 4 partitions, but weir.by-source has 8"),
  ]);
});

test("a log that is kept for less than a stage looks back is a fault with its mend, and a note if that is accepted", () => {
  const changes = { "weir.by-target": { partitions: 4, config: { "retention.ms": String(DAY_MS) } } };
  const { faults } = planTopics(CARDS, null, aCluster(changes));
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(
    /weir\.by-target has retention\.ms=86400000, but the ruleset looks back \d+ ms\. kafka-configs/,
  );
  const accepted = planTopics(CARDS, null, aCluster(changes), { allowPartialHistory: true });
  expect(accepted).toMatchObject({ faults: [], notes: faults });
  const forEver = { "weir.by-target": { partitions: 4, config: { "retention.ms": "-1" } } };
  expect(planTopics(CARDS, null, aCluster(forEver)).faults).toEqual([]);
});
