/** The departure of the last stage: rules, outcome, and the output that the input becomes. */
import { createDecide } from "../decide.ts";
import { createDecisionText, type DecisionTextOptions } from "../decision-text.ts";
import { factsOf } from "../facts.ts";
import type { Plan } from "../plan.ts";
import { spliceDecision } from "../splice.ts";
import type { Departure, Earlier } from "./departure.ts";
import { createHitLabels, decisionLabel } from "./step-labels.ts";
import type { ChainTopics } from "./topology.ts";

export type DecidingOptions = {
  readonly plan: Plan;
  readonly topics: ChainTopics;
  readonly explain: DecisionTextOptions["explain"];
  /** Place of the first feature that this stage's state answers. */
  readonly at: number;
  readonly earlier: Earlier;
};

export function createDeciding({ plan, topics, explain, at, earlier }: DecidingOptions): Departure {
  const decide = createDecide(plan);
  const write = createDecisionText(plan, { topic: topics.transactions, explain });
  const withHits = createHitLabels(plan.rules.map(({ id }) => id));
  return (answered) => {
    const { record, headers, closeAtByte, observation, state, features } = answered;
    const { incomplete, order, late, approximate, historySinceMs } = answered;
    const { transaction, timeMs, origin } = observation;
    const facts = factsOf(transaction, features, timeMs);
    const verdict = decide(facts);
    const decided = { origin, timeMs, order, late, approximate, historySinceMs, incomplete, facts, verdict };
    const decision = write(decided, (feature, limit) =>
      feature < at ? earlier.origins(feature) : state.contributors(feature - at, observation, limit),
    );
    const output = {
      topic: verdict.outcome === "approve" ? topics.legit : topics.fraud,
      key: Buffer.from(transaction.source),
      // A record without a value has not been decoded.
      value: spliceDecision(record.value as Buffer, closeAtByte, decision),
      headers,
      timestampMs: record.timestampMs,
    };
    const label = decisionLabel(verdict.outcome, {
      late,
      approximate,
      history: historySinceMs > 0,
      incomplete: incomplete.length > 0,
      currency: !verdict.listed,
    });
    return { outputs: [output], label: withHits(label, verdict.hits), event: observation };
  };
}
