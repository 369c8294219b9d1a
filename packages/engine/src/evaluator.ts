/**
 * A ruleset over one log in one process: every entity's state at once, no chain, no Kafka. Its decisions are those of
 * the chain of stages on the same log.
 */
import type { DecodedLabel, DecodedTransaction } from "@weir/schema";
import { parseDecisionId } from "@weir/schema";
import { createDecide, type Decide } from "./decide.ts";
import { createDecisionText, type Decided, type DecisionText, type DecisionTextOptions } from "./decision-text.ts";
import { EntityStates } from "./entity-states.ts";
import { factsOf } from "./facts.ts";
import type { Plan } from "./plan.ts";
import type { Duplicate, Observation, Origin } from "./window/observation.ts";

/** `text`: the decision as JSON. `facts.features`: the plan's feature vector, written over by the next transaction. */
export type Evaluation =
  | (Decided & { readonly kind: "decided"; readonly text: string })
  | { readonly kind: "duplicate"; readonly duplicate: Duplicate };

export class Evaluator {
  readonly #topic: string;
  readonly #states: EntityStates;
  readonly #features: Float64Array;
  readonly #options: DecisionTextOptions;
  #decide: Decide;
  #write: DecisionText;

  constructor(plan: Plan, options: DecisionTextOptions) {
    this.#topic = options.topic;
    this.#states = new EntityStates(plan.entities);
    this.#features = new Float64Array(plan.features.length);
    this.#options = options;
    this.#decide = createDecide(plan);
    this.#write = createDecisionText(plan, options);
  }

  /** Decides by another plan from now on, which asks the same of the past: one with a new model. */
  decideBy(plan: Plan): void {
    if (plan.features.length !== this.#features.length) throw new RangeError(`${plan.label} has other features`);
    this.#decide = createDecide(plan);
    this.#write = createDecisionText(plan, this.#options);
  }

  /**
   * Decides on it, then remembers it. `timeMs`: event time. `offset`: its place in the log that labels are in too, which
   * must rise; `origin`: of the input record, whose offset may be another.
   */
  transaction(transaction: DecodedTransaction, timeMs: number, origin: Origin, offset: number): Evaluation {
    const states = this.#states;
    const observation: Observation = { kind: "transaction", transaction, timeMs, origin };
    const duplicate = states.duplicateOf(observation);
    if (duplicate !== null) {
      states.applyDuplicate(observation, offset);
      return { kind: "duplicate", duplicate };
    }
    const features = this.#features;
    states.ask(observation, features);
    const facts = factsOf(transaction, features, timeMs);
    const decided: Decided = {
      origin,
      timeMs,
      order: origin.offset,
      late: states.isLate(timeMs),
      approximate: states.approximate(observation),
      historySinceMs: 0,
      incomplete: [],
      facts,
      verdict: this.#decide(facts),
    };
    const text = this.#write(decided, (feature, limit) => states.contributors(feature, observation, limit));
    states.apply(observation, offset);
    return { kind: "decided", text, ...decided };
  }

  /** Whether it found its transaction. `offset`: its place in the log. */
  label(label: DecodedLabel, offset: number): boolean {
    return this.#states.applyLabel(label, parseDecisionId(label.transaction, this.#topic), offset);
  }
}
