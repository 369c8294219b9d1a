/** What waits in Kafka, who reads it, and how the broker answers: as the services see it. */
import { board, lines } from "./board.ts";
import { inWindow, perSecond, quantile, total, worst } from "./promql.ts";

export const kafka = board({
  uid: "weir-kafka",
  title: "Weir: Kafka and lag",
  about:
    "Lag in records and seconds, partitions and their owners, and what the generator meets, as the services see it.",
  rows: [
    {
      title: "Lag",
      panels: [
        lines({
          title: "Lag by stage",
          about: "Records that wait for each stage, over all partitions.",
          unit: "suffix: records",
          width: 8,
          queries: { "{{stage}}": total("weir_lag_transactions", "stage") },
        }),
        lines({
          title: "Lag in seconds",
          about:
            "Age of the newest record that a stage is done with while others wait, in its worst partition; 0 when none waits.",
          unit: "s",
          width: 8,
          queries: { "{{stage}}": worst("weir_lag_seconds", "stage") },
        }),
        lines({
          title: "Worst partitions",
          about: "The five partitions with the longest lag. One that rises alone is stuck, or has a hot key.",
          unit: "suffix: records",
          width: 8,
          queries: { "{{stage}} {{partition}}": "topk(5, max by (stage, partition) (weir_lag_transactions))" },
        }),
      ],
    },
    {
      title: "Partitions",
      panels: [
        lines({
          title: "Progress by partition",
          about: "Offsets a second that each partition goes on by. One at 0 while its lag rises stands still.",
          unit: "suffix: offsets/s",
          width: 8,
          queries: {
            "{{stage}} {{partition}}":
              "max by (stage, partition) (clamp_min(deriv(weir_partition_offset[$__rate_interval]), 0))",
          },
        }),
        lines({
          title: "Partitions by detector and stage",
          about: "Every partition of a stage's input has exactly one owner.",
          unit: "short",
          width: 8,
          queries: { "{{instance}} {{stage}}": total("weir_assigned_partitions", "instance", "stage") },
        }),
        lines({
          title: "Rebalances and settlements",
          about: "Generations of the stages' groups, and how each partition was brought to its committed offset after.",
          unit: "short",
          width: 8,
          queries: {
            "rebalances of {{stage}}": inWindow("weir_rebalances_total", "stage"),
            "{{how}}": inWindow("weir_settled_total", "how"),
          },
        }),
      ],
    },
    {
      title: "The generator",
      panels: [
        lines({
          title: "Generator behind",
          about:
            "Transactions that are due and not sent yet, and those given up for good because it fell too far behind. Both are 0 when it keeps up.",
          unit: "suffix: tx",
          width: 8,
          queries: {
            behind: total("weir_generator_behind_transactions"),
            "given up": inWindow("weir_generator_forfeited_transactions_total"),
          },
        }),
        lines({
          title: "Generator: sends, p95",
          about: "From handing records to the producer to their acknowledgement by Kafka.",
          unit: "s",
          width: 8,
          queries: { p95: quantile(0.95, "weir_generator_send_duration_seconds") },
        }),
        lines({
          title: "Generator: send errors",
          about: "Batches that were not acknowledged and were sent again.",
          unit: "suffix: batches/s",
          width: 8,
          queries: { errors: perSecond("weir_generator_send_errors_total") },
        }),
        lines({
          title: "Generator: put off",
          about:
            "Seconds by which a scenario was put off since it could not be sent in time: nothing of one is given up.",
          unit: "s",
          width: 24,
          queries: { "put off": inWindow("weir_generator_put_off_seconds_total") },
        }),
      ],
    },
  ],
});
