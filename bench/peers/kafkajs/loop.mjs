/**
 * The tutorial's detector as kafkajs's documentation leads to it. BATCHES=true sends what a fetch brought in one request
 * instead of awaiting each message: at least once, as fast as kafkajs goes.
 */
import process from "node:process";
import { Kafka, Partitioners } from "kafkajs";

const { KAFKA_BROKER_URL, APP_ID, TRANSACTIONS_TOPIC, LEGIT_TOPIC, FRAUD_TOPIC, BATCHES } = process.env;
const kafka = new Kafka({ clientId: "peer", brokers: KAFKA_BROKER_URL.split(",") });
const consumer = kafka.consumer({ groupId: APP_ID });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

function topicOf(value) {
  return JSON.parse(value.toString()).amount >= 900 ? FRAUD_TOPIC : LEGIT_TOPIC;
}

await Promise.all([consumer.connect(), producer.connect()]);
await consumer.subscribe({ topic: TRANSACTIONS_TOPIC, fromBeginning: true });
await consumer.run(
  BATCHES === "true"
    ? {
        eachBatch: async ({ batch }) => {
          const byTopic = Map.groupBy(batch.messages, ({ value }) => topicOf(value));
          await producer.sendBatch({
            topicMessages: [...byTopic].map(([topic, messages]) => ({
              topic,
              messages: messages.map(({ value }) => ({ value })),
            })),
          });
        },
      }
    : {
        eachMessage: async ({ message: { value } }) => {
          await producer.send({ topic: topicOf(value), messages: [{ value }] });
        },
      },
);
