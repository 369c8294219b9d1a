export {
  type Admin,
  type CreateResult,
  type Grant,
  openAdmin,
  type PartitionLag,
  type TopicDescription,
  type TopicSpec,
} from "./admin.ts";
export { askBrokerFaults, brokerFaults, OLDEST_KAFKA } from "./broker-faults.ts";
export type { KafkaConnection, LogFunction } from "./connection.ts";
export { MAX_INFLATED_BYTES, UNREADABLE_HEADER } from "./fetch-codec.ts";
export { KafkaLog, type KafkaLogOptions } from "./kafka-log.ts";
export { openProducer, type Producer, type ProducerRecord } from "./producer.ts";
