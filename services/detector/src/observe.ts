/** Turns what happens in the stage into metrics and log lines: counts and offsets, never a payload. */
import type { Logger } from "@weir/service";
import type { BatchCommitted, StageEvents } from "@weir/stream";
import type { DetectorMetrics } from "./metrics.ts";

const REJECTED = "rejected:";

/** `nowMs` is the wall clock: latency is counted from the records' timestamps. */
export function observe(metrics: DetectorMetrics, log: Logger, nowMs: () => number): StageEvents {
  return {
    assigned({ partitions, gained, lost }) {
      metrics.rebalances.inc();
      metrics.assignedPartitions.set(partitions.length);
      log.info(
        { partitions, gained, lost },
        `assigned ${partitions.length} partitions, ${gained} gained, ${lost} lost`,
      );
    },
    settled({ partition, how, position }) {
      metrics.settled.inc({ how });
      log.info({ partition, how, position }, `partition ${partition} goes on at offset ${position} (${how})`);
    },
    restoring({ partition, what, done, of }) {
      log.info({ partition, what, done, of }, `partition ${partition}: ${what} ${done} of ${of}`);
    },
    restored(event) {
      metrics.restoreDuration.observe(event.ms / 1000);
      metrics.restoreRecords.inc({ kind: "snapshot" }, event.snapshotRecords);
      metrics.restoreRecords.inc({ kind: "replay" }, event.replayed);
      if (event.rebuilt !== null)
        log.warn(event, `partition ${event.partition}: rebuilt from the log, ${event.rebuilt}`);
      else
        log.info(
          event,
          `partition ${event.partition}: restored ${event.keys} keys in ${Math.round(event.ms)} ms, ` +
            `${event.snapshotRecords} snapshot records and ${event.replayed} replayed`,
        );
    },
    batchCommitted(event) {
      countBatch(metrics, event, nowMs());
    },
    transactionEnded({ partitions, result, error, ms }) {
      metrics.commits.inc({ result });
      if (result === "committed") metrics.commitDuration.observe(ms / 1000);
      else
        log.warn(
          { partitions, result, err: error },
          `a commit of partitions ${partitions.join(", ")} is ${result}, its batches are kept until that is settled`,
        );
    },
    stepFailed({ partition, offset, error }) {
      metrics.stepFailures.inc();
      log.error(
        { partition, offset, err: error },
        `the engine threw on ${partition}/${offset}, which is rejected as internal`,
      );
    },
    retrying({ partition, attempt, error }) {
      metrics.retries.inc();
      log.warn(
        { partition, attempt, reason: reasonOf(error) },
        `partition ${partition} starts again: ${reasonOf(error)}`,
      );
    },
    released({ partition }) {
      metrics.lagTransactions.remove({ partition });
      log.info({ partition }, `partition ${partition} released`);
    },
    failed({ error }) {
      log.error({ err: error }, "the stage cannot go on");
    },
  };
}

function countBatch(metrics: DetectorMetrics, event: BatchCommitted, nowMs: number): void {
  metrics.transactions.inc(event.records);
  metrics.batchTransactions.observe(event.records);
  metrics.batchDuration.observe(event.computeMs / 1000);
  metrics.snapshotRecords.inc(event.snapshotRecords);
  for (const [label, count] of event.labels) {
    if (label.startsWith(REJECTED)) metrics.rejected.inc({ reason: label.slice(REJECTED.length) }, count);
    else metrics.decisions.inc({ outcome: label }, count);
  }
  for (const timestampMs of event.timestampsMs)
    if (timestampMs >= 0) metrics.endToEnd.observe(Math.max(0, nowMs - timestampMs) / 1000);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
