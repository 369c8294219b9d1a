import { chainOf, compileRuleset, inputTopicOf } from "@weir/engine";
import { rejectedLedgerTopic, stateTopic, TOPICS } from "@weir/schema";
import { describe, expect, it } from "vitest";
import { grantsOf, PRINCIPALS, QUOTAS } from "../secure/grants.ts";
import { wantedTopics } from "../weir/topics/topics.ts";
import { madeFiles, PARTITIONS } from "./made.ts";
import { parseObjects } from "./manifests.ts";
import { type Document, readText } from "./repository.ts";
import { allows, strimziFaults } from "./strimzi.ts";

const FILES = ["kafka", "node-pools", "topics", "users"];
const objects = (): Document[] => FILES.flatMap((file) => parseObjects(readText(`k8s/strimzi/${file}.yaml`)));
const find = (all: readonly Document[], kind: string, name: string): Document =>
  all.find((object) => object.kind === kind && object.metadata.name === name);

const APP = "weir";
const compiled = compileRuleset(readText("rulesets/card-payments.yaml"), { file: "card-payments" });
if (!compiled.ok) throw new Error("card-payments does not compile");
const { plan } = compiled;
const chain = chainOf(plan, { inputKeyed: true });
const inputs = chain.map((link) => inputTopicOf(link, APP, TOPICS));

describe("files that are made from others", () => {
  it.each([...madeFiles()])("%s is as `node tools/deploy-check/write.ts` writes it", (path, text) => {
    expect(readText(path)).toBe(text);
  });

  it("the topics are those that the ruleset needs, with their settings", () => {
    const wanted = wantedTopics({ names: TOPICS, appId: APP, plan, inputKeyed: true }, PARTITIONS);
    const topics = objects().filter(({ kind }) => kind === "KafkaTopic");
    expect(topics.map(({ metadata, spec }) => [metadata.name, spec.partitions])).toEqual(
      wanted.map(({ name, partitions }) => [name, partitions]),
    );
    for (const { name, config } of wanted) expect(find(topics, "KafkaTopic", name).spec.config).toMatchObject(config);
  });
});

it("a principal may take as much of a broker as the secure profile sets on one", () => {
  const { generator, detector, quality, topics, downstream } = PRINCIPALS;
  const users = [
    [generator, "weir-producer"],
    [detector, "weir-detector"],
    [quality, "weir-quality"],
    [topics, "weir-topics"],
    [downstream, "weir-consumer"],
  ] as const;
  for (const [principal, name] of users)
    expect(find(objects(), "KafkaUser", name).spec.quotas, name).toEqual(QUOTAS[principal]);
});

describe("what a principal may do", () => {
  const may = (user: string, operation: string, type: string, name: string) =>
    allows(find(objects(), "KafkaUser", user), operation, type, name);

  it("the detector: read the input of each stage, keep its state, write decisions, all in its groups and transactions", () => {
    for (const topic of inputs) {
      expect(may("weir-detector", "Read", "topic", topic), topic).toBe(true);
      expect(may("weir-detector", "DescribeConfigs", "topic", topic), topic).toBe(true);
      for (const operation of ["Read", "Write"])
        expect(may("weir-detector", operation, "topic", stateTopic(APP, topic)), topic).toBe(true);
    }
    for (const topic of inputs.filter((name) => name.startsWith(`${APP}.`)))
      expect(may("weir-detector", "Write", "topic", topic), topic).toBe(true);
    for (const topic of [TOPICS.legit, TOPICS.fraud, TOPICS.rejected, rejectedLedgerTopic(APP)])
      expect(may("weir-detector", "Write", "topic", topic), topic).toBe(true);
    for (const { groupSuffix } of chain) {
      expect(may("weir-detector", "Read", "group", `${APP}-${groupSuffix}`)).toBe(true);
      expect(may("weir-detector", "Write", "transactionalId", `${APP}-${groupSuffix}-${TOPICS.transactions}-0`)).toBe(
        true,
      );
    }
  });

  it.each([
    [PRINCIPALS.detector, "weir-detector"],
    [PRINCIPALS.generator, "weir-producer"],
    [PRINCIPALS.quality, "weir-quality"],
  ])("%s: what it has on the local broker, where that was tried, has %s here", (principal, user) => {
    const grants = grantsOf({ names: TOPICS, appId: APP, plan, inputKeyed: true }).filter(
      (grant) => grant.user === principal,
    );
    expect(grants.length).toBeGreaterThan(0);
    for (const { resource, name, operations } of grants)
      for (const operation of operations)
        expect(
          may(user, operation.charAt(0).toUpperCase() + operation.slice(1), resource, name),
          `${operation} ${resource} ${name}`,
        ).toBe(true);
  });

  it("topics verify: look at every topic that the ruleset needs", () => {
    for (const { name } of wantedTopics({ names: TOPICS, appId: APP, plan, inputKeyed: true }, 1))
      for (const operation of ["Describe", "DescribeConfigs"])
        expect(may("weir-topics", operation, "topic", name), name).toBe(true);
  });

  it.each([
    ["weir-detector", "Write", "topic", TOPICS.transactions],
    ["weir-detector", "Read", "topic", TOPICS.fraud],
    ["weir-detector", "Create", "topic", "weir.by-source"],
    ["weir-detector", "Write", "topic", "payroll"],
    ["weir-detector", "Write", "transactionalId", "payroll-0"],
    ["weir-producer", "Read", "topic", TOPICS.transactions],
    ["weir-producer", "Write", "topic", TOPICS.legit],
    ["weir-producer", "Write", "topic", "weir.by-source"],
    ["weir-producer", "Write", "transactionalId", "weir-entry-queueing.transactions-0"],
    ["weir-consumer", "Write", "topic", TOPICS.fraud],
    ["weir-consumer", "Read", "topic", TOPICS.transactions],
    ["weir-consumer", "Read", "topic", TOPICS.rejected],
    ["weir-consumer", "Read", "group", "weir-entry"],
    ["weir-consumer", "Write", "transactionalId", "weir-entry-queueing.transactions-0"],
    ["weir-topics", "Read", "topic", TOPICS.transactions],
    ["weir-topics", "Create", "topic", TOPICS.transactions],
    ["weir-keda", "Read", "topic", TOPICS.transactions],
    ["weir-keda", "Read", "group", "weir-entry"],
  ])("%s may not %s on %s %s", (user, operation, type, name) => {
    expect(may(user, operation, type, name)).toBe(false);
  });
});

describe("the rules for Strimzi's objects", () => {
  it("are kept", () => {
    expect(strimziFaults(objects())).toEqual([]);
  });

  it.each<[string, (find: (kind: string, name: string) => Document) => void]>([
    ["lets somebody do", (f) => delete f("Kafka", "weir").spec.kafka.authorization],
    ["lets somebody do", (f) => (f("Kafka", "weir").spec.kafka.authorization.superUsers = ["CN=admin"])],
    ["listener scram is open", (f) => (f("Kafka", "weir").spec.kafka.listeners[0].tls = false)],
    ["listener scram is open", (f) => delete f("Kafka", "weir").spec.kafka.listeners[0].authentication],
    [
      "transaction.state.log.min.isr is 1",
      (f) => (f("Kafka", "weir").spec.kafka.config["transaction.state.log.min.isr"] = 1),
    ],
    [
      "auto.create.topics.enable is undefined",
      (f) => delete f("Kafka", "weir").spec.kafka.config["auto.create.topics.enable"],
    ],
    ["may keep all copies in one zone", (f) => delete f("Kafka", "weir").spec.kafka.rack],
    ["has 1 nodes", (f) => (f("KafkaNodePool", "broker").spec.replicas = 1)],
    ["loses its data", (f) => (f("KafkaNodePool", "broker").spec.storage.volumes[0].type = "ephemeral")],
    ["has 1 copies, 2 of them", (f) => (f("KafkaTopic", "weir.by-source").spec.replicas = 1)],
    ["undefined of them written", (f) => delete f("KafkaTopic", "weir.by-source").spec.config["min.insync.replicas"]],
    ["belongs to other", (f) => (f("KafkaTopic", "weir.by-source").metadata.labels["strimzi.io/cluster"] = "other")],
    ["has no consumerByteRate", (f) => delete f("KafkaUser", "weir-detector").spec.quotas.consumerByteRate],
    ["does not log in", (f) => delete f("KafkaUser", "weir-keda").spec.authentication],
    [
      "may Create on topic",
      (f) => f("KafkaUser", "weir-detector").spec.authorization.acls[0].operations.push("Create"),
    ],
    ["on every group", (f) => (f("KafkaUser", "weir-keda").spec.authorization.acls[1].resource.name = "*")],
  ])("find: %s", (fault, change) => {
    const all = objects();
    change((kind, name) => find(all, kind, name));
    expect(strimziFaults(all)).toEqual([expect.stringContaining(fault)]);
  });
});
