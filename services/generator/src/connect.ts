/** From a broker that may not be there yet to a producer and its topic: waits, says so, and gives up only for a stop. */
import { ConfigurationError, type Logger, type ReadinessItem, unlessAborted } from "@weir/service";
import type { Clock } from "./generator.ts";
import type { Sink } from "./sink.ts";

export type ConnectOptions = {
  /** Resolves to a producer that has reached a broker; throws when there is none, ConfigurationError when it is unfit. */
  readonly open: () => Promise<Sink>;
  readonly topic: string;
  /** Others that have to be there. */
  readonly others: readonly string[];
  /** For messages: what is tried, such as "Kafka at localhost:9092". */
  readonly place: string;
  readonly log: Logger;
  readonly readiness: ReadinessItem;
  readonly clock: Clock;
};

export type Connected = { readonly sink: Sink; readonly partitions: number };

const RETRY_MS = 1000;
const SAY_AGAIN_MS = 5000;
/** A broker that has just come up may not know its topics at once. */
const TOPIC_PATIENCE_MS = 5000;

/**
 * Resolves once the topic's partitions are known, and the others are there. Throws `stopping.reason` when the wait is ended by a stop, and
 * ConfigurationError as `open` does or when a broker has answered for some seconds that one of them does not exist.
 */
export async function connect(options: ConnectOptions, stopping: AbortSignal): Promise<Connected> {
  const { open, topic, others, place, log, readiness, clock } = options;
  let saidMs = Number.NEGATIVE_INFINITY;
  let missingSinceMs: number | null = null;
  log.info({ place, topic }, `connecting to ${place}`);
  for (;;) {
    let sink: Sink | null = null;
    let asked = topic;
    try {
      sink = await unlessAborted(open(), stopping);
      const partitions = await unlessAborted(sink.partitions(topic), stopping);
      for (asked of others) await unlessAborted(sink.partitions(asked), stopping);
      readiness.ready();
      log.info({ place, topic, partitions }, `connected to ${place}; ${topic} has ${partitions} partitions`);
      return { sink, partitions };
    } catch (error) {
      await sink?.close().catch(() => {});
      stopping.throwIfAborted();
      if (error instanceof ConfigurationError) throw error;
      const nowMs = clock.monotonicMs();
      const missing = isTopicMissing(error);
      const reason = missing ? `there is no topic ${asked}` : error instanceof Error ? error.message : String(error);
      if (missing) {
        missingSinceMs ??= nowMs;
        if (nowMs - missingSinceMs >= TOPIC_PATIENCE_MS) throw topicMissing(asked, place, error);
      } else {
        missingSinceMs = null;
      }
      readiness.notReady(`waiting for ${place}: ${reason}`);
      if (nowMs - saidMs >= SAY_AGAIN_MS) {
        saidMs = nowMs;
        log.warn({ place, reason }, `waiting for ${place}: ${reason}`);
      }
    }
    await clock.sleep(RETRY_MS, stopping);
  }
}

function isTopicMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "TopicMissing";
}

function topicMissing(topic: string, place: string, cause: unknown): ConfigurationError {
  const fault =
    `topic ${topic} does not exist (asked ${place}): create it with "npm run weir -- topics apply", or set TRANSACTIONS_TOPIC, ` +
    "LABELS_TOPIC or LABELS=false";
  return new ConfigurationError(fault, { cause });
}
