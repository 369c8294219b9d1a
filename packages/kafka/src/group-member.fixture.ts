/** A member in a process of its own, to be killed: sends its first partitions to the parent. */
import { KafkaLog } from "./kafka-log.ts";

const [brokers = "", group = "", topic = ""] = process.argv.slice(2);
const log = new KafkaLog({
  connection: { brokers: [brokers], clientId: "kafka-test-member", tls: null, sasl: null },
  log: () => {},
  sessionTimeoutMs: 6000,
});
await log.join({
  group,
  topic,
  onAssigned: (partitions) => {
    if (partitions.length > 0) process.send?.(partitions);
  },
  onFailed: () => process.exit(1),
});
