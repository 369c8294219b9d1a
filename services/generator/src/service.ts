/** The generator as a service, over Kafka and over anything else that takes transactions. */
import { openProducer } from "@weir/kafka";
import {
  defineService,
  kafkaLog,
  type Running,
  refuseUnfitKafka,
  type Service,
  type Settings,
  startTracing,
  type World,
} from "@weir/service";
import { systemClock as clock } from "./clock.ts";
import { connect } from "./connect.ts";
import { generate } from "./generator.ts";
import { planOf, sourceOf } from "./plan.ts";
import { createReport } from "./report.ts";
import { Schedule } from "./schedule.ts";
import { generatorSettings, settings } from "./settings.ts";
import type { Sink } from "./sink.ts";
import { tracedSink } from "./traced-sink.ts";

/** As much of the schedule as is caught up after a stall; what is older is given up. */
const MAX_BEHIND_MS = 2000;
/** The longest healthy silence of the loop, the time of a send apart: that one is bounded by itself. */
const STUCK_MS = 30_000;
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
  const { topic, labelsTopic, rate, tracedShare: share, shutdownDeadlineMs } = settings;
  const plan = planOf(settings, clock.epochMs());
  const tracing = await startTracing(settings.tracing, "generator", { log, metrics });
  const readiness = health.item("kafka", "not connected yet");
  const watchdog = health.watchdog("generate", STUCK_MS);
  const { sink: kafka, partitions } = await connect(
    { open, topic, others: plan.isLabelling ? [labelsTopic] : [], place, log, readiness, clock },
    stopping,
  );

  const sink =
    tracing === null
      ? kafka
      : tracedSink(kafka, { tracing, topic, share, chance: Math.random, epochMs: clock.epochMs });
  const source = sourceOf(plan, partitions);
  const report = createReport({ log, metrics, readiness, watchdog, clock, rate });
  // A stream that is the same in every run leaves nothing out.
  const schedule = new Schedule(rate, MAX_BEHIND_MS, plan.eventClock === null ? "forfeit" : "put off");
  log.info({ topic, rate, ...plan.told }, `sending ${rate} transactions a second to ${topic}`);

  const { count } = plan;
  const finished = generate({ topic, labelsTopic, sink, source, schedule, count, clock, events: report }, stopping);
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
        await tracing?.close();
      }
    },
  };
}
