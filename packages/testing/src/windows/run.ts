/**
 * Runs a world through the state of an entity and through the oracle, and compares every answer. In between the state is
 * snapshotted into a compacted topic, thrown away and restored from it, as the stage runtime would.
 */
import type { Labelling, Observation } from "@weir/engine";
import { type OracleRules, WindowOracle } from "./oracle.ts";
import { StateTopic } from "./state-topic.ts";
import { type MakeState, makeState, type StateUnderTest } from "./state-under-test.ts";
import { Chance, type LogEvent, logOf, rulesOf } from "./world.ts";

export type WorldResult = {
  readonly events: number;
  readonly questions: number;
  readonly restores: number;
  /** The first difference; null if there is none. */
  readonly difference: string | null;
};

const CONTRIBUTORS = 20;

/** The world of `seed`, of `count` transactions and labels. */
export function runWorld(seed: number, count: number, make: MakeState = makeState): WorldResult {
  const chance = new Chance(seed);
  const rules = rulesOf(chance);
  const oracle = new WindowOracle(rules);
  const log: LogEvent[] = [];
  const topic = new StateTopic(make, rules);
  const into = new Float64Array(rules.features.length);
  let state = make(rules);
  let [questions, restores, toBatchEnd, restoreShare] = [0, 0, 0, 0];
  for (const entry of logOf(new Chance(seed + 1), rules, count)) {
    const { event, offset } = entry;
    log.push(entry);
    const difference =
      event.kind === "label"
        ? labelDifference(state, oracle, event)
        : differenceIn(state, oracle, rules, event, into, chance);
    questions += rules.features.length;
    if (difference !== null)
      return { events: log.length, questions, restores, difference: `seed ${seed}, offset ${offset}: ${difference}` };
    state.apply(event, offset);
    oracle.apply(event);
    if (toBatchEnd-- > 0) continue;
    toBatchEnd = chance.of(0, 5, 50, 500);
    if (restoreShare === 0 || chance.unit() < 0.02) restoreShare = chance.of(0.02, 0.2, 0.6);
    topic.commit(state, chance.of(0, 1, 2, 10, 200), offset + 1);
    if (chance.unit() >= restoreShare) continue;
    restores += 1;
    const before = JSON.stringify(state.canonical());
    state = topic.restore(log);
    if (JSON.stringify(state.canonical()) !== before)
      return {
        events: log.length,
        questions,
        restores,
        difference: `seed ${seed}, offset ${offset}: the restored state is another`,
      };
  }
  return { events: log.length, questions, restores, difference: null };
}

function labelDifference(state: StateUnderTest, oracle: WindowOracle, label: Labelling): string | null {
  const [got, wanted] = [state.matches(label), oracle.matches(label)];
  return got === wanted ? null : `the label matches: ${got}, should be ${wanted}`;
}

function differenceIn(
  state: StateUnderTest,
  oracle: WindowOracle,
  { features, ids }: OracleRules,
  event: Observation,
  into: Float64Array,
  chance: Chance,
): string | null {
  state.ask(event, into);
  for (const [index, wanted] of oracle.answers(event).entries())
    if (!Object.is(into[index], wanted))
      return `${JSON.stringify(features[index])} is ${into[index]}, should be ${wanted}`;
  if (state.approximate(event) !== oracle.approximate(event)) return `approximate is ${state.approximate(event)}`;
  const [duplicate, wanted] = [JSON.stringify(state.duplicateOf(event)), JSON.stringify(oracle.duplicateOf(event))];
  if (duplicate !== wanted) return `duplicate is ${duplicate}, should be ${wanted}`;
  if (!ids || chance.below(20) !== 0) return null;
  const index = chance.below(features.length);
  const feature = features[index] as (typeof features)[number];
  const limit = chance.of(1, 3, CONTRIBUTORS);
  const got = JSON.stringify(state.contributors(index, event, limit));
  const right = JSON.stringify(oracle.contributors(feature, event, limit));
  return got === right ? null : `contributors of ${JSON.stringify(feature)} are ${got}, should be ${right}`;
}
