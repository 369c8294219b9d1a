import { MemoryBroker, MemoryLog } from "@weir/stream";
import { logContract } from "./log-contract.ts";

logContract("in memory", async () => {
  const broker = new MemoryBroker();
  return {
    open: () => new MemoryLog(broker),
    createTopic: async (name, partitions) => broker.createTopic(name, partitions),
    deleteTopic: async (name) => broker.deleteTopic(name),
    produce: async (topic, partition, values) => {
      for (const value of values) broker.produce({ topic, partition, key: null, value: Buffer.from(value) });
    },
    close: async () => {},
  };
});
