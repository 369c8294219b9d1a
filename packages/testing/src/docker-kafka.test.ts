import { expect, test } from "vitest";
import { containerEnvironment, imageOf } from "./docker-kafka.ts";

test("the image is Kafka's own of the version asked for", () => {
  expect(imageOf("3.9.2")).toBe("apache/kafka:3.9.2");
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
