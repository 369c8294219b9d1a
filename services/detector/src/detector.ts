/** The detector as a service: settings, the stage of the ruleset, its log, and their life. */
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
  type Settings,
} from "@weir/service";
import { type Log, runStage, TopicMissing, Unrecoverable, verifyTopics, wallClock } from "@weir/stream";
import { detectorMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";
import { watchProgress } from "./progress.ts";
import { settingsTable } from "./settings.ts";

const LOOK_EVERY_MS = 500;
const STUCK_AFTER_MS = 30_000;
const RETRY_CONNECT_MS = 2_000;

type DetectorSettings = Settings<typeof settingsTable>;

export const detector = defineService({
  name: "detector",
  about: "Decides on every transaction of Kafka exactly once, by the rules of a document",
  table: settingsTable,
  async start(settings, { log: logger, metrics: registry, health, stopping }) {
    const { ruleset, topics, kafka } = settings;
    logger.info(
      { ruleset: ruleset.plan.label, stateful: ruleset.plan.stateful, input: topics.transactions },
      `deciding ${topics.transactions} by ${ruleset.plan.label}`,
    );
    const readiness = health.item("partitions", "waiting for Kafka");
    const log = new KafkaLog({
      connection: kafka,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      log: kafkaLog(logger),
    });
    try {
      const partitions = await waitForTopics(settings, log, logger, readiness, stopping);
      const metrics = detectorMetrics(registry);
      const stage = await runStage({
        stage: stageOf(settings, partitions),
        log,
        clock: wallClock,
        events: observe(metrics, logger, Date.now),
        group: `${settings.appId}-entry`,
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
  },
});

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
  log: Log,
  logger: Logger,
  readiness: ReadinessItem,
  stopping: AbortSignal,
): Promise<number> {
  const brokers = settings.kafka.brokers.join(",");
  for (;;) {
    stopping.throwIfAborted();
    try {
      return (await verifyTopics(log, stageOf(settings, 1))).partitions;
    } catch (error) {
      if (error instanceof TopicMissing)
        throw new ConfigurationError(`${error.message}. Mend: npm run weir -- topics apply`, { cause: error });
      if (error instanceof Unrecoverable) throw new ConfigurationError(error.message, { cause: error });
      readiness.notReady(`waiting for Kafka at ${brokers}`);
      logger.warn({ brokers, reason: String(error) }, `waiting for Kafka at ${brokers}: ${String(error)}`);
      await wallClock.sleep(RETRY_CONNECT_MS, stopping);
    }
  }
}
