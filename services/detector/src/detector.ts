/** The detector as a service, over Kafka and over any other log: settings, the chain of the ruleset, and their life. */
import { randomUUID } from "node:crypto";
import { type ChainStage, chainOf, createChain, inputTopicOf } from "@weir/engine";
import { KafkaLog, openAdmin } from "@weir/kafka";
import {
  ConfigurationError,
  defineService,
  kafkaLog,
  type Logger,
  type ReadinessItem,
  type Running,
  refuseUnfitKafka,
  type Service,
  type Settings,
  startTracing,
  unlessAborted,
  type World,
} from "@weir/service";
import { type Log, type PartitionCounts, runChain, wallClock } from "@weir/stream";
import { DecisionTail } from "./decision-tail.ts";
import { untilDrained } from "./drain.ts";
import { answerEntities, ENTITY_ROUTES, entityPlaces } from "./entity-routes.ts";
import { detectorMetrics } from "./metrics.ts";
import { observe } from "./observe.ts";
import { watchPartitions } from "./partition-watch.ts";
import { watchProgress } from "./progress.ts";
import { answerRejected, REJECTED_ROUTES } from "./rejected-routes.ts";
import { detectorSettings, settingsTable } from "./settings.ts";
import {
  type ConfigOf,
  refuseDroppedStages,
  refuseForgetfulTopics,
  refuseOtherIds,
  retentionIn,
  verifiedCounts,
} from "./start-checks.ts";
import { traceBatches } from "./trace-batches.ts";

const LOOK_EVERY_MS = 500;
const STUCK_AFTER_MS = 30_000;
const RETRY_CONNECT_MS = 2_000;

/** What the decision tail may hold. */
const TAIL = { most: 10_000, mostBytes: 16 * 2 ** 20 };

const noConfig: ConfigOf = async () => ({});

type DetectorSettings = Settings<typeof detectorSettings>;

const ADMIN = {
  routes: [...ENTITY_ROUTES, ...REJECTED_ROUTES],
  at: ({ admin }: DetectorSettings) => admin,
};

const ABOUT = "decides on every transaction of a topic exactly once, by the rules of a document";

export const detector = defineService({
  name: "detector",
  about: ABOUT,
  table: settingsTable,
  admin: ADMIN,
  start({ kafka, sessionTimeoutMs, ...rest }, world) {
    const clientLog = kafkaLog(world.log);
    const log = new KafkaLog({ connection: kafka, sessionTimeoutMs, log: clientLog });
    const configOf: ConfigOf = async (topic) => {
      const admin = openAdmin(kafka);
      try {
        return (await admin.describe([topic])).get(topic)?.config ?? {};
      } finally {
        await admin.close();
      }
    };
    const lettersLog = new KafkaLog({ connection: kafka, log: clientLog });
    const refuseUnfit = () => refuseUnfitKafka(kafka, clientLog);
    const place = `Kafka at ${kafka.brokers.join(",")}`;
    return startDetector(rest, world, { log, lettersLog, place, refuseUnfit, configOf });
  },
});

/** The same service over any other log. */
export function detectorOn(source: Source): Service<typeof detectorSettings> {
  const start = (settings: DetectorSettings, world: World) => startDetector(settings, world, source);
  return defineService({ name: "detector", about: ABOUT, table: detectorSettings, admin: ADMIN, start });
}

export type Source = {
  /** Closed with the service. */
  readonly log: Log;
  /** For whoever asks for rejected records, so that the stages do not wait for that; closed with the service. */
  readonly lettersLog?: Log;
  /** For messages: where that is. */
  readonly place: string;
  /** Throws ConfigurationError when the log is not one to work with. */
  readonly refuseUnfit?: () => Promise<void>;
  /** Without it the topics are taken to keep what they must. */
  readonly configOf?: ConfigOf;
};

async function startDetector(
  settings: DetectorSettings,
  { log: logger, metrics: registry, health, routes, stopping }: World,
  source: Source,
): Promise<Running> {
  const { log, lettersLog = log, configOf = noConfig } = source;
  const { chain, topics, appId, maxStageLag, commitIntervalMs, allowPartialHistory, shutdownDeadlineMs } = settings;
  const { plan, stages: only, drain, tokens } = chain;
  logger.info(
    { ruleset: plan.label, stages: only, input: topics.transactions, drain, ids: tokens?.name },
    `connecting to ${source.place} to ${drain ? "drain" : "decide"} ${topics.transactions} by ${plan.label}, stages ${only.join(", ") || "none"}`,
  );
  const topicsReady = health.item("topics", `waiting for ${source.place}`);
  const readiness = new Map(only.map((name) => [name, health.item(`stage ${name}`, "not started yet")]));
  try {
    const counts = await untilAnswered(() => check(settings, source), source.place, logger, topicsReady, stopping);
    topicsReady.ready();
    answerRejected(routes, {
      log: lettersLog,
      appId,
      topics,
      retentionOf: async (topic) => retentionIn(await configOf(topic)),
      clock: wallClock,
      logger,
      nextRun: randomUUID,
      nowMs: Date.now,
    });
    const metrics = detectorMetrics(registry, { stage: only, rule: plan.rules.map(({ id }) => id) });
    const tracing = await startTracing(settings.tracing, "detector", { log: logger, metrics: registry });
    const stages = stagesOf(settings, counts);
    const last = stages.at(-1);
    const tail = settings.admin === null ? null : new DecisionTail(TAIL);
    const links = stages.map((stage) => {
      const isLast = stage === last;
      const { name, kind, input: topic } = stage;
      const group = groupOf(appId, stage);
      const observed = { stage: name, ofTransactions: kind !== "labels", isLast, readiness: readiness.get(name) };
      const counted = observe(observed, metrics, logger, Date.now);
      const events =
        tracing === null ? counted : traceBatches(counted, { stage: name, topic, group }, tracing, Date.now);
      return {
        stage,
        group,
        events: isLast && tail !== null ? tail.fedBy(events, [topics.legit, topics.fraud]) : events,
      };
    });
    const running = await runChain({
      links,
      only,
      log,
      clock: wallClock,
      processId: randomUUID(),
      allowPartialHistory,
      maxStageLag,
      commitIntervalMs,
      tracing: tracing !== null,
      // What it leaves is decided by others, who wait for its partitions: by default it is gone within 5 s.
      finishWithinMs: shutdownDeadlineMs / 4,
    });
    answerEntities(routes, {
      chain: running,
      places: entityPlaces(chainOf(plan, chain), links, counts),
      tail,
      label: plan.label,
      tokens,
    });
    const stopWatching = watchProgress({
      chain: running,
      log,
      inputs: new Map(stages.map(({ name, input }) => [name, input])),
      readiness,
      metrics,
      watchdog: health.watchdog("event loop", STUCK_AFTER_MS),
      everyMs: LOOK_EVERY_MS,
      nowMs: Date.now,
    });
    const drained = (): Promise<void> => {
      const inner = links.filter(({ stage }) => only.includes(stage.name));
      return untilDrained(inner, { log, logger, clock: wallClock, counts, stopping });
    };
    const inputs = stages.map(({ input }) => input);
    const grown = watchPartitions(inputs, { log, clock: wallClock, counts, stopping });
    return {
      finished: Promise.race(drain ? [running.failed, grown, drained()] : [running.failed, grown]),
      async drain() {
        stopWatching();
        await running.stop();
        await Promise.all([log.close(), lettersLog.close(), tracing?.close()]);
      },
    };
  } catch (error) {
    await Promise.all([log.close(), lettersLog.close()]);
    throw error;
  }
}

/** The consumer group of the input, whatever the ruleset: a change of it never decides an old input again. */
export function entryGroup(appId: string): string {
  return `${appId}-entry`;
}

/** Of the stage that takes in labels. */
export function labelsGroup(appId: string): string {
  return `${entryGroup(appId)}-labels`;
}

export function groupOf(appId: string, { groupSuffix }: Pick<ChainStage, "groupSuffix">): string {
  return `${appId}-${groupSuffix}`;
}

function stagesOf(settings: DetectorSettings, partitions: PartitionCounts): ChainStage[] {
  const { chain, topics, appId, explain, maxRecordBytes, maxFutureMs } = settings;
  const { plan, inputKeyed, tokens } = chain;
  return createChain({ plan, inputKeyed, tokens, topics, appId, explain, maxRecordBytes, maxFutureMs, partitions });
}

/** The partitions of every topic. Throws ConfigurationError when starting would be wrong, and what the log throws. */
async function check(settings: DetectorSettings, source: Source): Promise<PartitionCounts> {
  const { log, refuseUnfit, configOf = noConfig } = source;
  await refuseUnfit?.();
  const { chain, topics, appId, allowPartialHistory } = settings;
  const inputs = chainOf(chain.plan, chain).map((link) => inputTopicOf(link, appId, topics));
  // Which topics there are does not depend on how many partitions they have.
  const stages = stagesOf(settings, new Map(inputs.map((topic) => [topic, 1])));
  const counts = await verifiedCounts(log, stages);
  const [entry] = stages;
  if (entry !== undefined) await refuseOtherIds(log, entry, counts.get(entry.input) ?? 0);
  if (chain.drain) return counts;
  await refuseDroppedStages(log, appId, inputs);
  await refuseForgetfulTopics(stages, configOf, { allowPartialHistory });
  return counts;
}

/**
 * Waits as long as it takes for the broker. Throws ConfigurationError as `ask` does, AbortError when told to stop.
 */
async function untilAnswered<T>(
  ask: () => Promise<T>,
  place: string,
  logger: Logger,
  readiness: ReadinessItem,
  stopping: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await unlessAborted(ask(), stopping);
    } catch (error) {
      stopping.throwIfAborted();
      if (error instanceof ConfigurationError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      readiness.notReady(`waiting for ${place}: ${reason}`);
      logger.warn({ place, reason }, `waiting for ${place}: ${reason}`);
      await wallClock.sleep(RETRY_CONNECT_MS, stopping);
    }
  }
}
