/** The generator's settings; README.md shows the table of the whole, and a test keeps it current. */
import {
  durationMs,
  flag,
  integer,
  kafkaSettings,
  labelsTopic,
  sharedSettings,
  transactionsTopic,
} from "@weir/service";

/** Wherever the transactions go. */
export const generatorSettings = {
  topic: transactionsTopic,
  labelsTopic,
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
  labels: flag({
    name: "LABELS",
    about: "Tell later which payments were fraud; never with PLAIN=true, whose transactions have no id",
    default: true,
  }),
  fraudPerMille: integer({
    name: "FRAUD_PER_MILLE",
    about: "Of 1000 payments so many turn out to be fraud, on average",
    min: 0,
    max: 1000,
    default: 5,
  }),
  labelDelayMs: durationMs({
    name: "LABEL_DELAY_MS",
    about: "From a payment to the label that calls it fraud",
    min: 0,
    max: 3_600_000,
    default: 30_000,
  }),
  ...sharedSettings(8081),
};

/** Of the generator that sends to Kafka. */
export const settings = { kafka: kafkaSettings("weir-generator"), ...generatorSettings };
