/** Partitions that were added while a detector runs. */
import { ConfigurationError } from "@weir/service";
import type { Clock, Log, PartitionCounts } from "@weir/stream";

const LOOK_EVERY_MS = 10_000;

export type WatchContext = {
  readonly log: Pick<Log, "partitions">;
  readonly clock: Pick<Clock, "sleep">;
  /** At the start. */
  readonly counts: PartitionCounts;
  readonly stopping: AbortSignal;
};

/**
 * Throws ConfigurationError once a topic has another number of partitions than at the start: a key then lies elsewhere,
 * away from its state, and what comes to a new partition would be read by nobody. Resolves when it is told to stop.
 */
export async function watchPartitions(
  topics: readonly string[],
  { log, clock, counts, stopping }: WatchContext,
): Promise<void> {
  while (!stopping.aborted) {
    for (const topic of topics) {
      const before = counts.get(topic);
      const now = await log.partitions(topic).catch(() => before);
      if (now !== before)
        throw new ConfigurationError(
          `${topic} has ${now} partitions, and had ${before} when this detector started. Mend: start it again, it says what is to be done`,
        );
    }
    await clock.sleep(LOOK_EVERY_MS, stopping);
  }
}
