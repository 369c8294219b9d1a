/** The detector as a service, over Kafka and over any other log: settings, the stage of the ruleset, and their life. */
import { randomUUID } from "node:crypto";
import { createDetectorStage } from "@weir/engine";
import { KafkaLog } from "@weir/kafka";
import { stateTopic } from "@weir/schema";
import {
  ConfigurationError,
  defineService,
  kafkaLog,
  type Logger,
  type ReadinessItem,
  type Running,
  type Service,
  type Settings,
  type World,
} from "@weir/service";
import { type Log, runStage, TopicMissing, Unrecoverable, verifyTopics, wallClock } from "@weir/stream";
import { detectorMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";
import { watchProgress } from "./progress.ts";
import { detectorSettings, settingsTable } from "./settings.ts";

const LOOK_EVERY_MS = 500;
const STUCK_AFTER_MS = 30_000;
const RETRY_CONNECT_MS = 2_000;

type DetectorSettings = Settings<typeof detectorSettings>;

const ABOUT = "Decides on every transaction of Kafka exactly once, by the rules of a document";

export const detector = defineService({
  name: "detector",
  about: ABOUT,
  table: settingsTable,
  start({ kafka, sessionTimeoutMs, ...rest }, world) {
    const log = new KafkaLog({ connection: kafka, sessionTimeoutMs, log: kafkaLog(world.log) });
    return startDetector(rest, world, { log, place: `Kafka at ${kafka.brokers.join(",")}` });
  },
});

/** The same service over any other log. */
export function detectorOn(source: Source): Service<typeof detectorSettings> {
  const start = (settings: DetectorSettings, world: World) => startDetector(settings, world, source);
  return defineService({ name: "detector", about: ABOUT, table: detectorSettings, start });
}

export type Source = {
  /** Closed with the service. */
  readonly log: Log;
  /** For messages: where that is. */
  readonly place: string;
};

async function startDetector(
  settings: DetectorSettings,
  { log: logger, metrics: registry, health, stopping }: World,
  { log, place }: Source,
): Promise<Running> {
  const { ruleset, topics } = settings;
  logger.info(
    { ruleset: ruleset.plan.label, stateful: ruleset.plan.stateful, input: topics.transactions },
    `deciding ${topics.transactions} by ${ruleset.plan.label}`,
  );
  const readiness = health.item("partitions", `waiting for ${place}`);
  try {
    const partitions = await waitForTopics(settings, { log, place }, logger, readiness, stopping);
    const metrics = detectorMetrics(registry);
    const stage = await runStage({
      stage: stageOf(settings, partitions),
      log,
      clock: wallClock,
      events: observe(metrics, logger, Date.now),
      group: entryGroup(settings.appId),
      processId: randomUUID(),
      allowPartialHistory: settings.allowPartialHistory,
    });
    const stopWatching = watchProgress({
      stage,
      log,
      topic: topics.transactions,
      metrics,
      readiness,
      watchdog: health.watchdog("event loop", STUCK_AFTER_MS),
      everyMs: LOOK_EVERY_MS,
      nowMs: Date.now,
    });
    return {
      finished: stage.failed,
      async drain() {
        stopWatching();
        await stage.stop();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** The consumer group of the input, whatever the ruleset: a change of it never decides an old input again. */
export function entryGroup(appId: string): string {
  return `${appId}-entry`;
}

/** The partition count matters only where state is keyed: a stateless ruleset decides wherever a record lies. */
function stageOf(
  { ruleset, topics, appId, explain, maxRecordBytes, maxFutureMs }: DetectorSettings,
  partitions: number,
) {
  return createDetectorStage({
    plan: ruleset.plan,
    topics: { input: topics.transactions, legit: topics.legit, fraud: topics.fraud, rejected: topics.rejected },
    stateTopic: stateTopic(appId, topics.transactions),
    explain,
    maxRecordBytes,
    maxFutureMs,
    keyedPartitions: ruleset.plan.stateful ? partitions : null,
  });
}

/**
 * Waits as long as it takes for the broker, then checks the topics. Returns the input's partition count.
 * Throws ConfigurationError when topics are missing or do not fit together, AbortError when told to stop.
 */
async function waitForTopics(
  settings: DetectorSettings,
  { log, place }: Source,
  logger: Logger,
  readiness: ReadinessItem,
  stopping: AbortSignal,
): Promise<number> {
  for (;;) {
    stopping.throwIfAborted();
    try {
      return (await verifyTopics(log, stageOf(settings, 1))).partitions;
    } catch (error) {
      if (error instanceof TopicMissing)
        throw new ConfigurationError(`${error.message}. Mend: npm run weir -- topics apply`, { cause: error });
      if (error instanceof Unrecoverable) throw new ConfigurationError(error.message, { cause: error });
      const reason = error instanceof Error ? error.message : String(error);
      readiness.notReady(`waiting for ${place}: ${reason}`);
      logger.warn({ place, reason }, `waiting for ${place}: ${reason}`);
      await wallClock.sleep(RETRY_CONNECT_MS, stopping);
    }
  }
}
