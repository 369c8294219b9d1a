/** Where in a detector does time go, and what do its stages wait for? */
import { EVENT_LOOP_LOOK_MS } from "@weir/service";
import { board, lines } from "./board.ts";
import { inWindow, mean, perSecond, quantile, total } from "./promql.ts";

export const pipeline = board({
  uid: "weir-pipeline",
  title: "Weir: stages",
  about: "What each stage of the detectors does: records, batches, commits, restores, state.",
  rows: [
    {
      title: "Work",
      panels: [
        lines({
          title: "Records by stage",
          about: "Records that each stage is done with: decided, rejected or passed on.",
          unit: "suffix: records/s",
          width: 8,
          queries: { "{{stage}}": perSecond("weir_records_total", "stage") },
        }),
        lines({
          title: "Batch size",
          about: "Records in a batch: it grows with the load, which is how throughput is bought with latency.",
          unit: "short",
          width: 8,
          queries: { "{{stage}}, mean": mean("weir_batch_transactions", "stage") },
        }),
        lines({
          title: "Time to decide a batch, p95",
          about: "Computing one batch of one partition, without its commit. Only a slow processor makes it long.",
          unit: "s",
          width: 8,
          queries: { "{{stage}}": quantile(0.95, "weir_batch_duration_seconds", "stage") },
        }),
        lines({
          title: "Stages that wait for another",
          about:
            "Detectors in which a stage goes no further: too much waits for the next one, or labels wait for the gate.",
          unit: "short",
          width: 8,
          queries: { "{{stage}}": total("weir_stage_held", "stage") },
        }),
        lines({
          title: "Retries and failures",
          about:
            "Partitions that began again from fencing, and records on which the engine threw. The latter are faults of Weir: each is rejected as internal.",
          unit: "short",
          width: 8,
          queries: {
            "{{stage}} again": inWindow("weir_partition_retries_total", "stage"),
            "engine threw": inWindow("weir_step_failures_total"),
          },
        }),
        lines({
          title: "Event loop delay, p99",
          about:
            "How long a detector's event loop was not free. More than some tens of ms delays heartbeats and commits.",
          unit: "s",
          width: 8,
          queries: {
            "{{instance}}": `max by (instance) (nodejs_eventloop_lag_p99_seconds{job="weir-detector"}) - ${EVENT_LOOP_LOOK_MS / 1_000}`,
          },
        }),
      ],
    },
    {
      title: "Commits",
      panels: [
        lines({
          title: "Commits",
          about:
            "Transactions on Kafka by their result; one takes along all partitions of a stage that have a batch ready. One that failed or whose result is unknown is settled and, if needed, sent again with the same bytes.",
          unit: "suffix: commits/s",
          width: 12,
          style: "stacked",
          queries: { "{{result}}": perSecond("weir_commits_total", "result") },
        }),
        lines({
          title: "Time of a commit, p95",
          about: "One transaction on Kafka, begin to commit. It is the broker that makes it long.",
          unit: "s",
          width: 12,
          queries: { "{{stage}}": quantile(0.95, "weir_commit_duration_seconds", "stage") },
        }),
      ],
    },
    {
      title: "State",
      panels: [
        lines({
          title: "Keys in state",
          about: "Keys that the detectors hold events of.",
          unit: "short",
          width: 8,
          queries: { "{{stage}}": total("weir_state_keys", "stage") },
        }),
        lines({
          title: "Snapshot records",
          about: "Chunks of state that were written beside the decisions.",
          unit: "suffix: records/s",
          width: 8,
          queries: { "{{stage}}": perSecond("weir_snapshot_records_total", "stage") },
        }),
        lines({
          title: "Restore progress",
          about: "Of what a detector is restoring for a stage, how much is done; 1 while it restores nothing.",
          unit: "percentunit",
          width: 8,
          queries: { "{{instance}} {{stage}}": "min by (instance, stage) (weir_restore_progress_ratio)" },
        }),
        lines({
          title: "Restores, p95",
          about: "Bringing a partition's state to the committed offset; no line while none was restored.",
          unit: "s",
          width: 12,
          queries: { p95: quantile(0.95, "weir_restore_duration_seconds") },
        }),
        lines({
          title: "Records read to restore",
          about: "Snapshot records loaded and input records replayed.",
          unit: "short",
          width: 12,
          queries: { "{{kind}}": inWindow("weir_restore_records_total", "kind") },
        }),
      ],
    },
    {
      title: "Tracing",
      panels: [
        lines({
          title: "Spans",
          about:
            "Spans that the collector has taken, that it has not, and that there was no room for. None unless services are told of a collector.",
          unit: "suffix: spans/s",
          width: 12,
          queries: { "{{job}} {{result}}": perSecond("weir_trace_spans_total", "job", "result") },
        }),
      ],
    },
  ],
});
