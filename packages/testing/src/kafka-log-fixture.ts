import { askBrokerFaults, KafkaLog, openAdmin, openProducer } from "@weir/kafka";
import type { LogFixture } from "./log-contract.ts";
import { deleteTopics } from "./outsider/console.ts";

/** For the contract suite: the port over a real broker, which has to be one that services take. */
export async function kafkaLogFixture(brokers: string): Promise<LogFixture> {
  const connection = { brokers: brokers.split(","), clientId: "contract", tls: null, sasl: null };
  const faults = await askBrokerFaults(connection);
  if (faults.length > 0) throw new Error(faults.join("; "));
  const log = (): void => {};
  const admin = openAdmin(connection, { log });
  const producer = openProducer(connection, { log });
  return {
    open: () => new KafkaLog({ connection, log }),
    async createTopic(name, partitions) {
      await admin.create([{ name, partitions, replication: 1, config: {} }]);
    },
    deleteTopic: (name) => deleteTopics(brokers, [name]),
    async produce(topic, partition, values) {
      const records = values.map((value) => ({ key: null, value: Buffer.from(value), partition }));
      await producer.send(topic, records);
    },
    async close() {
      await producer.close();
      await admin.close();
    },
  };
}
