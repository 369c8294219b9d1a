/** The generator as a service: what is built from the settings, and how it stops. */
import { randomBytes } from "node:crypto";
import { openProducer } from "@weir/kafka";
import { defineService, kafkaLog } from "@weir/service";
import { systemClock as clock } from "./clock.ts";
import { connect } from "./connect.ts";
import { generate } from "./generator.ts";
import { Population } from "./population.ts";
import { Random } from "./random.ts";
import { createReport } from "./report.ts";
import { Schedule } from "./schedule.ts";
import { settings } from "./settings.ts";
import { plainTransactions, populationTransactions } from "./transactions.ts";

/** As much of the schedule as is caught up after a stall; what is older is given up. */
const MAX_BEHIND_MS = 2000;
/** The longest healthy silence of the loop, the time of a send apart: that one is bounded by itself. */
const STUCK_MS = 30_000;
/** Stream of the draws; the customers use their own numbers as streams. */
const DRAWS = 0xffff_ffff;

export const generator = defineService({
  name: "generator",
  about: "sends transactions to Kafka at a steady rate",
  table: settings,

  async start(
    { kafka, topic, rate, count, seed, customers, plain, shutdownDeadlineMs },
    { log, metrics, health, stopping },
  ) {
    const readiness = health.item("kafka", "not connected yet");
    const watchdog = health.watchdog("generate", STUCK_MS);
    const clientLog = kafkaLog(log);
    const open = async () => openProducer(kafka, { log: clientLog });
    const { sink, partitions } = await connect(
      { open, topic, brokers: kafka.brokers, log, readiness, clock },
      stopping,
    );

    const random = new Random(seed, DRAWS);
    // A new name for each run, so that ids never repeat although the sequence of payments does.
    const run = `${clock.epochMs().toString(36)}${randomBytes(3).toString("hex")}`;
    const next = plain
      ? plainTransactions(random)
      : populationTransactions({ population: new Population(seed, customers), random, run, partitions });
    const report = createReport({ log, metrics, readiness, watchdog, clock, rate });
    const schedule = new Schedule(rate, MAX_BEHIND_MS);
    log.info({ topic, rate, count, seed, customers, plain, run }, `sending ${rate} transactions a second to ${topic}`);

    const finished = generate({ topic, sink, next, schedule, count, clock, events: report }, stopping);
    return {
      finished,
      async drain() {
        // A producer without a broker would go on trying: closing it ends that, with the reason, before the deadline does.
        const giveUp = setTimeout(() => void sink.close(), shutdownDeadlineMs / 2);
        try {
          await finished;
        } finally {
          clearTimeout(giveUp);
          report.close();
          await sink.close();
        }
      },
    };
  },
});
