/** What is stopped and by which rule; how good that is; what could not be decided and why; whether the truth comes back. */
import { board, lines, stat } from "./board.ts";
import { perSecond, share, total } from "./promql.ts";

export const outcomes = board({
  uid: "weir-outcomes",
  title: "Weir: outcomes and rules",
  about:
    "Decisions by outcome and by rule, what decisions say of themselves, how good they are by the labels that have come, rejected input, labels.",
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
      title: "Quality, as far as labels have come",
      panels: [
        stat({
          title: "Precision",
          about:
            "Of the payments stopped that had time for a label, how many were fraud. One without a label counts as genuine.",
          unit: "percentunit",
          width: 6,
          queries: { precision: total("weir_quality_precision") },
        }),
        stat({
          title: "Recall",
          about: "Of the payments known to be fraud, how many were stopped. Fraud that nobody reports is not in it.",
          unit: "percentunit",
          width: 6,
          queries: { recall: total("weir_quality_recall") },
        }),
        stat({
          title: "Stopped",
          about: "Of all payments, how many are review or decline: what people have to look at.",
          unit: "percentunit",
          width: 6,
          queries: { stopped: total("weir_quality_alert_ratio") },
        }),
        stat({
          title: "Shift of the scores",
          about:
            "Population stability index of the last whole period's scores against those before: little below 0.1, much above 0.25. Empty until there are both.",
          unit: "short",
          width: 6,
          limits: { orange: 0.1, red: 0.25 },
          queries: { shift: total("weir_quality_score_shift") },
        }),
        lines({
          title: "Precision, recall, shift",
          about: "The same over time. A model that grows old shows as shift first, then as recall.",
          unit: "short",
          width: 8,
          queries: {
            precision: total("weir_quality_precision"),
            recall: total("weir_quality_recall"),
            shift: total("weir_quality_score_shift"),
          },
        }),
        lines({
          title: "Money in fraud",
          about:
            "Amounts of payments known to be fraud, in the periods that count: what was stopped, and what went through.",
          unit: "short",
          width: 8,
          style: "stacked",
          queries: {
            "stopped {{currency}}": total('weir_quality_money{truth="fraud",outcome!="approve"}', "currency"),
            "missed {{currency}}": total('weir_quality_money{truth="fraud",outcome="approve"}', "currency"),
          },
        }),
        lines({
          title: "Payments by what became of them",
          about: "open: a label may still come; unlabelled: none came in its time.",
          unit: "short",
          width: 8,
          style: "log",
          queries: { "{{truth}}": total("weir_quality_payments", "truth") },
        }),
        lines({
          title: "Hits by rule, in the periods that count",
          about:
            "Payments that each rule hit in the periods that count, the model too. A line at 0 is a rule that never hits.",
          unit: "short",
          width: 8,
          queries: { "{{rule}}": total("weir_quality_rule_hits", "rule") },
        }),
        lines({
          title: "Precision by rule",
          about: "Of what a rule hit and had time for a label, how much was fraud. A rule without a hit has no line.",
          unit: "percentunit",
          width: 8,
          queries: { "{{rule}}": total("weir_quality_rule_precision", "rule") },
        }),
        lines({
          title: "Money in fraud by rule",
          about: "Amounts of payments known to be fraud that each rule hit; several rules may have hit one.",
          unit: "short",
          width: 8,
          queries: { "{{rule}} {{currency}}": total('weir_quality_rule_money{truth="fraud"}', "rule", "currency") },
        }),
        lines({
          title: "Scores of the last period",
          about: "Share of payments by score, from the one named up to the next. The model's score where there is one.",
          unit: "percentunit",
          width: 12,
          queries: { "{{score}}": total('weir_quality_score_ratio{period="last"}', "score") },
        }),
        lines({
          title: "Scores of the periods before",
          about: "What the last one is compared with; it begins anew with each ruleset and model.",
          unit: "percentunit",
          width: 12,
          queries: { "{{score}}": total('weir_quality_score_ratio{period="before"}', "score") },
        }),
        lines({
          title: "The join: labels",
          about:
            "Labels by what came of them: counted, too late, for no payment that is kept, given up since too many waited.",
          unit: "suffix: labels/s",
          width: 8,
          queries: { "{{result}}": perSecond("weir_quality_labels_total", "result") },
        }),
        lines({
          title: "The join: what is kept and what is lost",
          about:
            "Anything but decisions and unlabelled should be 0: forgotten says that MAX_KEPT is too little, skipped that the topics are kept for too short a time.",
          unit: "suffix: /s",
          width: 8,
          queries: {
            decisions: perSecond("weir_quality_decisions_total"),
            unlabelled: perSecond("weir_quality_unlabelled_total"),
            forgotten: perSecond("weir_quality_forgotten_total"),
            late: perSecond("weir_quality_late_total"),
            skipped: perSecond("weir_quality_skipped_offsets_total"),
            "no {{of}}": perSecond("weir_quality_unreadable_total", "of"),
          },
        }),
        lines({
          title: "The join: waiting",
          about: "Payments that wait for a label, and labels that wait for their time or their payment.",
          unit: "short",
          width: 4,
          queries: {
            payments: total("weir_quality_kept_payments"),
            labels: total("weir_quality_waiting_labels"),
          },
        }),
        stat({
          title: "Event time",
          about: "The newest one of a decision that was joined.",
          unit: "dateTimeAsIso",
          width: 4,
          queries: { "event time": `1000 * ${total("weir_quality_event_time_seconds")}` },
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
