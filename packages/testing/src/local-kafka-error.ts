/** A local Kafka did not come up. The message names what is wrong and what mends it. */
export class LocalKafkaError extends Error {
  override readonly name: string = "LocalKafkaError";
}

/** What a local Kafka needs is not on this machine and cannot be fetched. */
export class NoLocalKafka extends LocalKafkaError {
  override readonly name = "NoLocalKafka";
}
