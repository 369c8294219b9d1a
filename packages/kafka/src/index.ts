export type { KafkaConnection, LogFunction } from "./connection.ts";
export { MAX_INFLATED_BYTES, UNREADABLE_HEADER } from "./fetch-codec.ts";
export { KafkaLog, type KafkaLogOptions } from "./kafka-log.ts";
