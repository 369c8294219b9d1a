/** The generator's settings; README.md shows the table of the whole, and a test keeps it current. */

import { MOST_CUSTOMERS } from "@weir/scenario";
import {
  durationMs,
  flag,
  integer,
  kafkaSettings,
  labelsTopic,
  share,
  sharedSettings,
  tracingSettings,
  transactionsTopic,
} from "@weir/service";
import { scenarioSetting, startSetting } from "./scenario-settings.ts";

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
  scenario: scenarioSetting,
  customers: integer({
    name: "CUSTOMERS",
    about: "Customers; not set: as many as pay at this rate, each as often as the scenario says",
    min: 2,
    max: MOST_CUSTOMERS,
    default: null,
  }),
  startMs: startSetting,
  speedup: integer({
    name: "SPEEDUP",
    about: "Event time runs this many times as fast as the clock, and ends when it has caught up with it",
    min: 1,
    max: 1_000_000,
    default: 1,
  }),
  plain: flag({
    name: "PLAIN",
    about: "Send only source, target, amount and currency, with new random ids each time and no key",
    default: false,
  }),
  labels: flag({
    name: "LABELS",
    about: "Tell later which payments were fraud, as the scenario says; never with PLAIN=true, which has no scenario",
    default: true,
  }),
  fraudPerMille: integer({
    name: "FRAUD_PER_MILLE",
    about: "Of 1000 payments so many are those of attacks, on average; not set: as the scenario says",
    min: 0,
    max: 300,
    default: null,
  }),
  labelDelayMs: durationMs({
    name: "LABEL_DELAY_MS",
    about: "From a payment to when it is known to be fraud, in event time; not set: as the scenario says",
    min: 0,
    max: 90 * 86_400_000,
    default: null,
  }),
  tracing: tracingSettings,
  tracedShare: share({
    name: "OTEL_TRACES_SAMPLER_ARG",
    about: "Share of the transactions that are traced, if there is a collector",
    default: 0.01,
  }),
  ...sharedSettings(8081),
};

/** Of the generator that sends to Kafka. */
export const settings = { kafka: kafkaSettings("weir-generator"), ...generatorSettings };
