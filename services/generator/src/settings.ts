/** The generator's settings; README.md shows the table of the whole, and a test keeps it current. */
import { flag, integer, kafkaSettings, sharedSettings, transactionsTopic } from "@weir/service";

/** Wherever the transactions go. */
export const generatorSettings = {
  topic: transactionsTopic,
  rate: integer({
    name: "TRANSACTIONS_PER_SECOND",
    about: "Transactions to send each second",
    min: 1,
    max: 50_000,
    default: 1000,
  }),
  count: integer({
    name: "COUNT",
    about: "Stop after so many transactions; not set: go on until stopped",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: null,
  }),
  seed: integer({
    name: "SEED",
    about: "The same seed gives the same customers and the same sequence of payments",
    min: 0,
    max: 2 ** 32 - 1,
    default: 1,
  }),
  customers: integer({
    name: "CUSTOMERS",
    about: "Customers that pay each other",
    min: 2,
    max: 1_000_000,
    default: 50_000,
  }),
  plain: flag({
    name: "PLAIN",
    about: "Send only source, target, amount and currency, with new random ids each time and no key",
    default: false,
  }),
  ...sharedSettings(8081),
};

/** Of the generator that sends to Kafka. */
export const settings = { kafka: kafkaSettings("weir-generator"), ...generatorSettings };
