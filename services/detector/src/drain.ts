/** Waits until nothing is under way between the stages of a chain any more. */
import type { Logger } from "@weir/service";
import { type Clock, type Log, type PartitionCounts, waitingOf } from "@weir/stream";

const LOOK_EVERY_MS = 500;
const TELL_EVERY_MS = 5_000;

export type DrainContext = {
  readonly log: Log;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly counts: PartitionCounts;
  readonly stopping: AbortSignal;
};

/** In the order of the flow, so that an empty log stays empty. Resolves too when it is told to stop. */
export async function untilDrained(
  links: readonly { readonly stage: { readonly input: string }; readonly group: string }[],
  { log, logger, clock, counts, stopping }: DrainContext,
): Promise<void> {
  let toldMs = Number.NEGATIVE_INFINITY;
  for (const { stage, group } of links)
    while (!stopping.aborted) {
      const partitions = counts.get(stage.input) as number;
      const waiting = await waitingOf(log, group, stage.input, partitions).catch(() => null);
      if (waiting === 0) break;
      if (clock.now() - toldMs >= TELL_EVERY_MS) {
        toldMs = clock.now();
        logger.info(
          { topic: stage.input, waiting },
          `${waiting ?? "an unknown number of"} records wait in ${stage.input}`,
        );
      }
      await clock.sleep(LOOK_EVERY_MS, stopping);
    }
  if (!stopping.aborted) logger.info("nothing is under way between the stages any more");
}
