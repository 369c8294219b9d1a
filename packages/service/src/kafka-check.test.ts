import { expect, test } from "vitest";
import { refuseUnfitKafka } from "./kafka-check.ts";
import { ConfigurationError } from "./settings.ts";

const connection = { brokers: ["a:1", "b:2"], clientId: "test", tls: null, sasl: null };

test("a broker with faults is refused as a fault of the configuration, by its address and each fault", async () => {
  const refused = refuseUnfitKafka(
    connection,
    () => {},
    async () => ["it is old", "it is slow"],
  );
  await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
  await expect(refused).rejects.toMatchObject({
    faults: [
      "Kafka at a:1,b:2 (KAFKA_BROKER_URL) cannot be used: it is old",
      "Kafka at a:1,b:2 (KAFKA_BROKER_URL) cannot be used: it is slow",
    ],
  });
});

test("a broker without faults passes; one that does not answer is no fault of the configuration", async () => {
  await refuseUnfitKafka(
    connection,
    () => {},
    async () => [],
  );
  const unanswered = refuseUnfitKafka(
    connection,
    () => {},
    () => Promise.reject(new Error("refused")),
  );
  await expect(unanswered).rejects.toThrow("refused");
  await expect(unanswered).rejects.not.toBeInstanceOf(ConfigurationError);
});
