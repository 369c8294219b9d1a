/** The generator as a service, over Kafka and over anything else that takes transactions. */
import { randomBytes } from "node:crypto";
import { openProducer } from "@weir/kafka";
import {
  defineService,
  kafkaLog,
  type Running,
  refuseUnfitKafka,
  type Service,
  type Settings,
  type World,
} from "@weir/service";
import { systemClock as clock } from "./clock.ts";
import { connect } from "./connect.ts";
import { generate } from "./generator.ts";
import { Labels } from "./labels.ts";
import { Population } from "./population.ts";
import { Random } from "./random.ts";
import { createReport } from "./report.ts";
import { Schedule } from "./schedule.ts";
import { generatorSettings, settings } from "./settings.ts";
import type { Sink } from "./sink.ts";
import { plainTransactions, populationTransactions } from "./transactions.ts";

/** As much of the schedule as is caught up after a stall; what is older is given up. */
const MAX_BEHIND_MS = 2000;
/** The longest healthy silence of the loop, the time of a send apart: that one is bounded by itself. */
const STUCK_MS = 30_000;
/** Stream of the draws; the customers use their own numbers as streams. */
const DRAWS = 0xffff_ffff;
/** A stream of its own for what is fraud, so that payments are the same with and without labels. */
const FRAUDS = 0xffff_fffe;

const ABOUT = "sends transactions to Kafka at a steady rate";

export const generator = defineService({
  name: "generator",
  about: ABOUT,
  table: settings,
  start({ kafka, ...rest }, world) {
    const log = kafkaLog(world.log);
    const open = async () => {
      await refuseUnfitKafka(kafka, log);
      return openProducer(kafka, { log });
    };
    return startGenerator(rest, world, { open, place: `Kafka at ${kafka.brokers.join(",")}` });
  },
});

/** The same service with its transactions sent to `destination`. */
export function generatorTo(destination: Destination): Service<typeof generatorSettings> {
  const start = (values: Settings<typeof generatorSettings>, world: World) =>
    startGenerator(values, world, destination);
  return defineService({ name: "generator", about: ABOUT, table: generatorSettings, start });
}

export type Destination = {
  /** Resolves to a sink that has been reached; throws when there is none yet. Closed with the service. */
  readonly open: () => Promise<Sink>;
  /** For messages: where that is. */
  readonly place: string;
};

async function startGenerator(
  settings: Settings<typeof generatorSettings>,
  { log, metrics, health, stopping }: World,
  { open, place }: Destination,
): Promise<Running> {
  const { topic, labelsTopic, rate, count, seed, customers, plain, shutdownDeadlineMs } = settings;
  const isLabelling = settings.labels && !plain;
  const readiness = health.item("kafka", "not connected yet");
  const watchdog = health.watchdog("generate", STUCK_MS);
  const { sink, partitions } = await connect(
    { open, topic, others: isLabelling ? [labelsTopic] : [], place, log, readiness, clock },
    stopping,
  );

  const random = new Random(seed, DRAWS);
  // A new name for each run, so that ids never repeat although the sequence of payments does.
  const run = `${clock.epochMs().toString(36)}${randomBytes(3).toString("hex")}`;
  const { fraudPerMille, labelDelayMs: delayMs } = settings;
  const queue = isLabelling ? new Labels({ random: new Random(seed, FRAUDS), fraudPerMille, delayMs }) : null;
  const labels = queue && { topic: labelsTopic, queue };
  const next = plain
    ? plainTransactions(random)
    : populationTransactions({ population: new Population(seed, customers), random, run, partitions, labels: queue });
  const report = createReport({ log, metrics, readiness, watchdog, clock, rate });
  const schedule = new Schedule(rate, MAX_BEHIND_MS);
  log.info({ topic, rate, count, seed, customers, plain, run }, `sending ${rate} transactions a second to ${topic}`);

  const finished = generate({ topic, sink, next, schedule, labels, count, clock, events: report }, stopping);
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
}
