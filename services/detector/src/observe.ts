/** Turns what happens in a stage into metrics and log lines: counts and offsets, never a payload. */
import { parseDecisionLabel } from "@weir/engine";
import type { Logger, ReadinessItem } from "@weir/service";
import type { BatchCommitted, StageEvents } from "@weir/stream";
import type { DetectorMetrics } from "./metrics.ts";

const REJECTED = "rejected:";
const LABEL = "label:";
const PASSED = "passed";
const LONG_HELD_MS = 5_000;

export type Observed = {
  readonly stage: string;
  /** What comes in is transactions, not labels. */
  readonly ofTransactions: boolean;
  /** Where it is decided, nothing comes after. */
  readonly isLast: boolean;
  /** Of the stage, which is not ready from the moment on at which it gets partitions; progress.ts says when it is. */
  readonly readiness?: Pick<ReadinessItem, "notReady"> | undefined;
};

/** `nowMs` is the wall clock: latency is counted from the records' timestamps. */
export function observe(
  observed: Observed,
  metrics: DetectorMetrics,
  logger: Logger,
  nowMs: () => number,
): StageEvents {
  const { stage } = observed;
  const log = logger.child({ stage });
  const name = (partition: number): string => `${stage} ${partition}`;
  return {
    assigned({ partitions, gained, lost }) {
      if (gained > 0) observed.readiness?.notReady(`${gained} partitions were gained`);
      metrics.rebalances.inc({ stage });
      metrics.assignedPartitions.set({ stage }, partitions.length);
      log.info(
        { partitions, gained, lost },
        `${stage}: assigned ${partitions.length} partitions, ${gained} gained, ${lost} lost`,
      );
    },
    settled({ partition, how, position }) {
      metrics.settled.inc({ how });
      log.info({ partition, how, position }, `${name(partition)} goes on at offset ${position} (${how})`);
    },
    offsetForgotten({ partition, committed, position }) {
      metrics.settled.inc({ how: "forgotten" });
      log.error(
        { partition, committed, position },
        `${name(partition)}: Kafka has forgotten the committed offset ${position} and tells ${committed ?? "none"}; ` +
          "the marker in the state topic, written with it, is believed instead",
      );
    },
    restoring({ partition, what, done, of }) {
      log.info({ partition, what, done, of }, `${name(partition)}: ${what}, offset ${done} of ${of}`);
    },
    restored(event) {
      metrics.restoreDuration.observe(event.ms / 1000);
      metrics.restoreRecords.inc({ kind: "snapshot" }, event.snapshotRecords);
      metrics.restoreRecords.inc({ kind: "replay" }, event.replayed);
      if (event.rebuilt !== null) log.warn(event, `${name(event.partition)}: rebuilt from the log, ${event.rebuilt}`);
      else
        log.info(
          event,
          `${name(event.partition)}: restored ${event.keys} keys in ${Math.round(event.ms)} ms, ` +
            `${event.snapshotRecords} snapshot records and ${event.replayed} replayed`,
        );
    },
    batchCommitted(event) {
      countBatch(observed, metrics, event, nowMs());
    },
    transactionEnded({ partitions, result, error, ms }) {
      metrics.commits.inc({ stage, result });
      if (result === "committed") metrics.commitDuration.observe({ stage }, ms / 1000);
      else
        log.warn(
          { partitions, result, err: error },
          `${stage}: a commit of partitions ${partitions.join(", ")} is ${result}, its batches are kept until that is settled`,
        );
    },
    stepFailed({ partition, offset, error }) {
      metrics.stepFailures.inc();
      log.error(
        { partition, offset, ...withoutWords(error) },
        `the engine threw on ${stage} ${partition}/${offset}, which is rejected as internal`,
      );
    },
    retrying({ partition, attempt, error }) {
      metrics.retries.inc({ stage });
      // Of an outage that lasts, ever fewer lines: the counter has them all.
      if (!isPowerOfTwo(attempt)) return;
      log.warn({ partition, attempt, reason: reasonOf(error) }, `${name(partition)} starts again: ${reasonOf(error)}`);
    },
    released({ partition }) {
      metrics.lagTransactions.remove({ stage, partition });
      metrics.partitionOffset.remove({ stage, partition });
      log.info({ partition }, `${name(partition)} released`);
    },
    held({ topic, lag, maxLag }) {
      metrics.held.set({ stage }, 1);
      log.debug({ topic, lag, maxLag }, `${stage} reads no further: ${lag} wait in ${topic}, more than ${maxLag}`);
    },
    resumed({ topic, ms }) {
      metrics.held.set({ stage }, 0);
      // Under full load it comes and goes.
      if (ms >= LONG_HELD_MS)
        log.warn({ topic, ms }, `${stage} has read nothing for ${Math.round(ms)} ms: see ${topic}`);
    },
    failed({ error }) {
      log.error({ err: error }, `the stage ${stage} cannot go on`);
    },
  };
}

function countBatch(
  { stage, ofTransactions, isLast }: Observed,
  metrics: DetectorMetrics,
  event: BatchCommitted,
  nowMs: number,
): void {
  metrics.records.inc({ stage }, event.records);
  metrics.batchTransactions.observe({ stage }, event.records);
  metrics.batchDuration.observe({ stage }, event.computeMs / 1000);
  metrics.snapshotRecords.inc({ stage }, event.snapshotRecords);
  for (const [label, count] of event.labels) {
    if (label === PASSED) continue;
    if (label.startsWith(LABEL)) {
      metrics.labels.inc({ stage, result: label.slice(LABEL.length) }, count);
      continue;
    }
    if (label.startsWith(REJECTED)) metrics.rejected.inc({ stage, reason: label.slice(REJECTED.length) }, count);
    else countDecisions(metrics, label, count);
    if (ofTransactions) metrics.transactions.inc(count);
  }
  if (!isLast) return;
  for (const timestampMs of event.timestampsMs)
    if (timestampMs >= 0) metrics.endToEnd.observe(Math.max(0, nowMs - timestampMs) / 1000);
}

function countDecisions(metrics: DetectorMetrics, label: string, count: number): void {
  const { outcome, marks, rules } = parseDecisionLabel(label);
  metrics.decisions.inc({ outcome }, count);
  for (const mark of marks) metrics.marked.inc({ mark }, count);
  for (const rule of rules) metrics.ruleHits.inc({ rule, outcome }, count);
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What kind of error, and where: its words may quote the message that it was about. */
function withoutWords(error: unknown): { readonly error: string; readonly frames: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, frames: [] };
  const { name, message, stack = "" } = error;
  const lines = stack.replace(message, "").split("\n");
  return { error: name, frames: lines.filter((line) => /^\s+at \S/.test(line)).map((line) => line.trim()) };
}
