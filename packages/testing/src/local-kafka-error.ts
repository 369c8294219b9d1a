/** A local Kafka could not be had. The message names what is wrong and what mends it. */
export class LocalKafkaError extends Error {
  override readonly name = "LocalKafkaError";
}
