import { expect, test } from "vitest";
import { containerEnvironment, KAFKA_IMAGE } from "./docker-kafka.ts";
import { KAFKA_VERSION } from "./java-kafka/jars.ts";

test("the image is that of the version that Maven fetches", () => {
  expect(KAFKA_IMAGE).toBe(`apache/kafka:${KAFKA_VERSION}`);
});

test("the container advertises the address that clients use, and can run transactions with one node", () => {
  expect(containerEnvironment("127.0.0.1", 4711)).toMatchObject({
    KAFKA_ADVERTISED_LISTENERS: "PLAINTEXT://127.0.0.1:4711",
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: "1",
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: "1",
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: "1",
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: "false",
  });
});

test("the cluster id is 16 bytes, as Kafka demands", () => {
  const id = containerEnvironment("h", 1).CLUSTER_ID ?? "";
  expect(Buffer.from(id, "base64url")).toHaveLength(16);
});
