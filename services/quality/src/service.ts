/** Live quality as a service, over Kafka and over any other log. It only reads, joins no group and keeps nothing. */
import { KafkaLog } from "@weir/kafka";
import { decodeLabel, type LogRecord, partitionFor } from "@weir/schema";
import {
  ConfigurationError,
  defineService,
  kafkaLog,
  type Running,
  refuseUnfitKafka,
  type Service,
  type Settings,
  unlessAborted,
  type World,
} from "@weir/service";
import { type Log, TopicMissing, Unrecoverable, wallClock } from "@weir/stream";
import { Lane, readRound, type Told } from "./lane.ts";
import { LiveQuality } from "./live-quality.ts";
import { createReadPayment } from "./payment.ts";
import { createReport, type Report } from "./report.ts";
import { qualitySettings, settings } from "./settings.ts";

const ABOUT = "joins decisions with labels, and exports how good the decisions are";
const ROUND_EVERY_MS = 1000;
const SHOW_EVERY_MS = 1000;
const TRY_AGAIN_MS = 2000;
const STUCK_AFTER_MS = 30_000;

type QualitySettings = Settings<typeof qualitySettings>;

export type Source = {
  /** Closed with the service. */
  readonly log: Log;
  /** For messages: where that is. */
  readonly place: string;
  /** Throws ConfigurationError when the log is not one to work with. */
  readonly refuseUnfit?: () => Promise<void>;
};

export const quality = defineService({
  name: "quality",
  about: ABOUT,
  table: settings,
  start({ kafka, ...rest }, world) {
    const clientLog = kafkaLog(world.log);
    const source: Source = {
      log: new KafkaLog({ connection: kafka, log: clientLog }),
      place: `Kafka at ${kafka.brokers.join(",")}`,
      refuseUnfit: () => refuseUnfitKafka(kafka, clientLog),
    };
    return startQuality(rest, world, source);
  },
});

/** The same service over any other log. */
export function qualityOn(source: Source): Service<typeof qualitySettings> {
  const start = (values: QualitySettings, world: World) => startQuality(values, world, source);
  return defineService({ name: "quality", about: ABOUT, table: qualitySettings, start });
}

async function startQuality(
  settings: QualitySettings,
  { log: logger, metrics, health, stopping }: World,
  { log, place, refuseUnfit }: Source,
): Promise<Running> {
  const { topics, time, mostKept } = settings;
  const ruleset = settings.ruleset.plan;
  const live = new LiveQuality({ ...time, mostKept });
  const report = createReport(metrics, ruleset);
  const readiness = health.item("topics", "has not read yet what the topics keep");
  const watchdog = health.watchdog("event loop", STUCK_AFTER_MS);
  const timer = setInterval(() => {
    watchdog.beat();
    report.show(live);
  }, SHOW_EVERY_MS);
  logger.info(
    { ruleset: ruleset.label, topics: [topics.legit, topics.fraud, topics.labels] },
    `reading ${topics.legit}, ${topics.fraud} and ${topics.labels} at ${place} from their beginning`,
  );
  const lanes = new Lanes(log, settings, live, report);

  const follow = async (): Promise<void> => {
    let isFit = false;
    let isCaughtUp = false;
    while (!stopping.aborted) {
      try {
        if (!isFit) await unlessAborted(refuseUnfit?.() ?? Promise.resolve(), stopping);
        isFit = true;
        report.skipped(await readRound(await unlessAborted(lanes.all(), stopping), stopping));
        report.show(live);
        readiness.ready();
        if (!isCaughtUp && !stopping.aborted) logger.info(live.counts, "has read what the topics keep, and goes on");
        isCaughtUp = true;
        await wallClock.sleep(ROUND_EVERY_MS, stopping);
      } catch (error) {
        if (stopping.aborted) return;
        if (error instanceof ConfigurationError || error instanceof Unrecoverable) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        readiness.notReady(`waiting for ${place}: ${reason}`);
        logger.warn({ reason }, `waiting for ${place}: ${reason}`);
        await wallClock.sleep(TRY_AGAIN_MS, stopping);
      }
    }
  };
  const finished = follow();
  return {
    finished,
    async drain() {
      clearInterval(timer);
      await log.close();
      await finished;
    },
  };
}

/** A lane for each partition; those that are added later are read too. */
class Lanes {
  readonly #log: Log;
  readonly #kinds: readonly { readonly topic: string; readonly tell: (record: LogRecord) => Told | null }[];
  readonly #lanes = new Map<string, Lane>();

  constructor(log: Log, { topics, ruleset, oneIn }: QualitySettings, live: LiveQuality, report: Report) {
    this.#log = log;
    const { plan, tokens } = ruleset;
    const readPayment = createReadPayment(plan);
    const isLookedAt = (source: string): boolean => oneIn === 1 || partitionFor(source, oneIn) === 0;
    const decision = ({ value }: LogRecord): Told | null => {
      const payment = readPayment(value);
      if (payment === null) report.unreadable("decisions");
      if (payment === null || !isLookedAt(payment.source)) return null;
      return { timeMs: payment.timeMs, take: () => live.decided(payment) };
    };
    const label = ({ value }: LogRecord): Told | null => {
      const decoded = decodeLabel(value);
      if (!decoded.ok) report.unreadable("labels");
      if (!decoded.ok) return null;
      const source = tokens?.of(decoded.label.source) ?? decoded.label.source;
      if (!isLookedAt(source)) return null;
      // Behind its payment, and before it counts.
      return { timeMs: decoded.label.timestampMs, take: () => live.labelled({ ...decoded.label, source }) };
    };
    this.#kinds = [
      { topic: topics.legit, tell: decision },
      { topic: topics.fraud, tell: decision },
      { topic: topics.labels, tell: label },
    ];
  }

  /** Throws ConfigurationError when a topic is not there. */
  async all(): Promise<readonly Lane[]> {
    for (const { topic, tell } of this.#kinds) {
      const partitions = await this.#partitions(topic);
      for (let partition = 0; partition < partitions; partition += 1) {
        const name = `${topic}/${partition}`;
        if (!this.#lanes.has(name)) this.#lanes.set(name, new Lane(this.#log, { topic, partition }, tell));
      }
    }
    return [...this.#lanes.values()];
  }

  async #partitions(topic: string): Promise<number> {
    try {
      return await this.#log.partitions(topic);
    } catch (error) {
      if (!(error instanceof TopicMissing)) throw error;
      throw new ConfigurationError(`${error.message}. Mend: npm run weir -- topics apply --ruleset RULESET`, {
        cause: error,
      });
    }
  }
}
