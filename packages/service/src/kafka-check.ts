import { askBrokerFaults, type KafkaConnection, type LogFunction } from "@weir/kafka";
import { ConfigurationError } from "./settings.ts";

/**
 * Throws ConfigurationError when the broker is not one that Weir works with, and another error when none answers.
 * `ask` tells why not, as askBrokerFaults does.
 */
export async function refuseUnfitKafka(
  connection: KafkaConnection,
  log: LogFunction,
  ask: typeof askBrokerFaults = askBrokerFaults,
): Promise<void> {
  const faults = await ask(connection, { log });
  if (faults.length === 0) return;
  const place = connection.brokers.join(",");
  throw new ConfigurationError(faults.map((fault) => `Kafka at ${place} (KAFKA_BROKER_URL) cannot be used: ${fault}`));
}
