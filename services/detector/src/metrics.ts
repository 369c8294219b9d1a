/**
 * What the detector exports; docs and dashboards name these, and nothing else may be exported. What a stage does is told
 * by stage; a transaction is counted once, where it is decided or rejected.
 */
import { DECISION_MARKS } from "@weir/engine";
import { REASON_CODES } from "@weir/schema";
import { DURATION_BUCKETS_SECONDS, type Metrics } from "@weir/service";

export type DetectorMetrics = ReturnType<typeof detectorMetrics>;

const OUTCOMES = ["approve", "review", "decline"] as const;

/** `stage`: names of the stages that run here; `rule`: ids of the ruleset's rules. */
export function detectorMetrics(
  metrics: Metrics,
  { stage, rule }: Readonly<Record<"stage" | "rule", readonly string[]>>,
) {
  return {
    transactions: metrics.counter({ name: "weir_transactions_total", help: "Transactions decided or rejected" }),
    decisions: metrics.counter({
      name: "weir_decisions_total",
      help: "Decisions by outcome",
      labels: { outcome: OUTCOMES },
    }),
    ruleHits: metrics.counter({
      name: "weir_rule_hits_total",
      help: "Decisions that a rule had a part in, by their outcome; a monitor's hits too",
      labels: { rule, outcome: OUTCOMES },
    }),
    marked: metrics.counter({
      name: "weir_marked_decisions_total",
      help: "Decisions on a late transaction, with approximate windows, incomplete history or features, or in an unlisted currency",
      labels: { mark: DECISION_MARKS },
    }),
    rejected: metrics.counter({
      name: "weir_rejected_total",
      help: "Rejected input by reason, labels too",
      labels: { stage, reason: REASON_CODES },
    }),
    labels: metrics.counter({
      name: "weir_labels_total",
      help: "Labels by whether their transaction was found, in each stage that keeps them",
      labels: { stage, result: ["matched", "unmatched"] },
    }),
    records: metrics.counter({
      name: "weir_records_total",
      help: "Records that a stage is done with: decided, rejected or passed on",
      labels: { stage },
    }),
    endToEnd: metrics.histogram({
      name: "weir_end_to_end_latency_seconds",
      help: "From a record's timestamp to the commit of its decision",
    }),
    batchDuration: metrics.histogram({
      name: "weir_batch_duration_seconds",
      help: "Deciding one batch, without its commit",
      labels: { stage },
    }),
    batchTransactions: metrics.histogram({
      name: "weir_batch_transactions",
      help: "Records in one batch",
      labels: { stage },
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
    }),
    commitDuration: metrics.histogram({
      name: "weir_commit_duration_seconds",
      help: "One transaction of Kafka, begin to commit",
      labels: { stage },
    }),
    commits: metrics.counter({
      name: "weir_commits_total",
      help: "Kafka transactions by result",
      labels: { stage, result: ["committed", "failed", "unknown"] },
    }),
    settled: metrics.counter({
      name: "weir_settled_total",
      help: "How a partition was brought to its committed offset after fencing; forgotten: by its marker alone",
      labels: { how: ["restored", "kept", "committed", "again", "forgotten"] },
    }),
    rebalances: metrics.counter({
      name: "weir_rebalances_total",
      help: "Generations of a stage's group that this detector saw",
      labels: { stage },
    }),
    assignedPartitions: metrics.gauge({
      name: "weir_assigned_partitions",
      help: "Partitions of a stage's input that are this detector's",
      labels: { stage },
    }),
    held: metrics.gauge({
      name: "weir_stage_held",
      help: "1 while a stage goes no further: too much waits for the next one, or the gate has to go before the labels",
      labels: { stage },
    }),
    restoreDuration: metrics.histogram({
      name: "weir_restore_duration_seconds",
      help: "Bringing the state of one partition to its committed offset",
      buckets: [...DURATION_BUCKETS_SECONDS, 60, 120, 300],
    }),
    restoreProgress: metrics.gauge({
      name: "weir_restore_progress_ratio",
      help: "Of the offsets that a stage's partitions have to read for their state, how much is read; 1 while none restores",
      labels: { stage },
    }),
    restoreRecords: metrics.counter({
      name: "weir_restore_records_total",
      help: "Records read to restore state",
      labels: { kind: ["snapshot", "replay"] },
    }),
    snapshotRecords: metrics.counter({
      name: "weir_snapshot_records_total",
      help: "Chunks written to the rolling snapshot",
      labels: { stage },
    }),
    stateKeys: metrics.gauge({
      name: "weir_state_keys",
      help: "Keys with live events, of all assigned partitions",
      labels: { stage },
    }),
    partitionOffset: metrics.gauge({
      name: "weir_partition_offset",
      help: "Offset up to which a stage is done with a partition: it stands still when nothing comes, or nothing goes on",
      labels: { stage, partition: [] },
    }),
    lagTransactions: metrics.gauge({
      name: "weir_lag_transactions",
      help: "Records that wait for a stage, in a partition whose state it has",
      labels: { stage, partition: [] },
    }),
    lagSeconds: metrics.gauge({
      name: "weir_lag_seconds",
      help: "Age of the newest record that a stage is done with while others wait, the worst of the assigned partitions; 0 when none waits",
      labels: { stage },
    }),
    stepFailures: metrics.counter({
      name: "weir_step_failures_total",
      help: "Records on which the engine threw: each is rejected, and each is a fault of ours",
    }),
    retries: metrics.counter({
      name: "weir_partition_retries_total",
      help: "Times a partition started again from fencing",
      labels: { stage },
    }),
  };
}
