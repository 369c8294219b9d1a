import { rm } from "node:fs/promises";
import { join } from "node:path";
import { OLDEST_KAFKA_VERSION } from "./java-kafka/jars.ts";
import { kafkaLogFixture } from "./kafka-log-fixture.ts";
import { logContract } from "./log-contract.ts";
import { testBrokersFolder } from "./paths.ts";
import { startKafka } from "./start-kafka.ts";

logContract(`Kafka ${OLDEST_KAFKA_VERSION}, the oldest that is taken`, async () => {
  const dataDir = join(testBrokersFolder, `${process.pid}-oldest`);
  const kafka = await startKafka({ dataDir, version: OLDEST_KAFKA_VERSION, log: () => {} });
  const fixture = await kafkaLogFixture(kafka.brokers);
  return {
    ...fixture,
    async close() {
      await fixture.close();
      await kafka.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
