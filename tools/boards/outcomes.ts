/** What is stopped and by which rule; what could not be decided and why; whether the truth comes back. */
import { board, lines } from "./board.ts";
import { perSecond, share, total } from "./promql.ts";

export const outcomes = board({
  uid: "weir-outcomes",
  title: "Weir: outcomes and rules",
  about: "Decisions by outcome and by rule, what decisions say of themselves, rejected input, labels.",
  rows: [
    {
      title: "Outcomes",
      panels: [
        lines({
          title: "Share of each outcome",
          about:
            "Shares of review and decline that change at once, with no new ruleset, mean an attack or a broken producer.",
          unit: "percentunit",
          width: 12,
          queries: {
            review: share('weir_decisions_total{outcome="review"}', "weir_decisions_total"),
            decline: share('weir_decisions_total{outcome="decline"}', "weir_decisions_total"),
          },
        }),
        lines({
          title: "Decisions with a mark",
          about:
            "Decisions that say late, approximate, historySince (history) or incomplete, and those whose currency is not listed.",
          unit: "suffix: tx/s",
          width: 12,
          queries: { "{{mark}}": perSecond("weir_marked_decisions_total", "mark") },
        }),
      ],
    },
    {
      title: "Rules",
      panels: [
        lines({
          title: "Hits by rule",
          about: "Decisions that each rule had a part in, monitors too. A rule that never hits can go, or is broken.",
          unit: "suffix: tx/s",
          width: 8,
          queries: { "{{rule}}": perSecond("weir_rule_hits_total", "rule") },
        }),
        lines({
          title: "Hits by rule, of what was stopped",
          about: "The same, of decisions that are review or decline: which rules the stopped transactions are due to.",
          unit: "suffix: tx/s",
          width: 8,
          queries: { "{{rule}}": perSecond('weir_rule_hits_total{outcome=~"review|decline"}', "rule") },
        }),
        lines({
          title: "Hits by rule, of what was approved",
          about:
            "Of a rule that counts: its score is below the threshold. Of a monitor: what it would stop in addition, if it counted.",
          unit: "suffix: tx/s",
          width: 8,
          queries: { "{{rule}}": perSecond('weir_rule_hits_total{outcome="approve"}', "rule") },
        }),
      ],
    },
    {
      title: "Undecided",
      panels: [
        lines({
          title: "Rejected by reason",
          about: "Each is in the rejected topic with its original bytes, its reason and where it lay.",
          unit: "suffix: tx/s",
          width: 12,
          style: "stacked",
          queries: { "{{reason}}": perSecond("weir_rejected_total", "reason") },
        }),
        lines({
          title: "Rejected by stage",
          about: "Labels that are no labels are counted in the stage labels.",
          unit: "suffix: tx/s",
          width: 12,
          style: "stacked",
          queries: { "{{stage}}": perSecond("weir_rejected_total", "stage") },
        }),
      ],
    },
    {
      title: "Labels",
      panels: [
        lines({
          title: "Labels",
          about:
            "Labels that found their transaction in the state of a stage, and those that did not: it is older than what is kept, or was never there.",
          unit: "suffix: labels/s",
          width: 12,
          queries: {
            "{{stage}} {{result}}": perSecond("weir_labels_total", "stage", "result"),
            sent: perSecond("weir_generator_labels_total"),
          },
        }),
        lines({
          title: "The generator's labels",
          about: "Labels that wait until they are due, and a second's worth of those given up because too many waited.",
          unit: "suffix: labels",
          width: 12,
          queries: {
            waiting: total("weir_generator_pending_labels"),
            "given up": perSecond("weir_generator_forfeited_labels_total"),
          },
        }),
      ],
    },
  ],
});
