import { KafkaLog, openAdmin, openProducer } from "@weir/kafka";
import { inject } from "vitest";
import { logContract } from "./log-contract.ts";

logContract("Kafka", async () => {
  const connection = { brokers: inject("kafkaBrokers").split(","), clientId: "contract", tls: null, sasl: null };
  const log = (): void => {};
  const admin = openAdmin(connection, { log });
  const producer = openProducer(connection, { log });
  return {
    open: () => new KafkaLog({ connection, log }),
    async createTopic(name, partitions) {
      await admin.create([{ name, partitions, replication: 1, config: {} }]);
    },
    async produce(topic, partition, values) {
      const records = values.map((value) => ({ key: null, value: Buffer.from(value), partition }));
      await producer.send(topic, records);
    },
    async close() {
      await producer.close();
      await admin.close();
    },
  };
});
