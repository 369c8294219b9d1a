import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { StateTopic } from "./state-topic.ts";
import { makeState } from "./state-under-test.ts";
import { Chance, type LogEvent, logOf, rulesOf } from "./world.ts";

const EVENTS = 2_000;
const RESTORES = 50;

/** Every answer of the log and the state after it, as one hash; restored before the offsets at these places of the log. */
function digest(seed: number, batchSize: number, restoreAt: ReadonlySet<number>): string {
  const rules = rulesOf(new Chance(seed));
  const log: LogEvent[] = [...logOf(new Chance(seed + 1), rules, EVENTS)];
  const hash = createHash("sha256");
  const topic = new StateTopic(makeState, rules);
  const into = new Float64Array(rules.features.length);
  let state = makeState(rules);
  for (const [index, { event, offset }] of log.entries()) {
    if (restoreAt.has(index)) {
      topic.commit(state, index % 7, offset);
      state = topic.restore(log);
    }
    if (event.kind === "label") hash.update(String(state.matches(event)));
    else {
      state.ask(event, into);
      hash.update(into).update(JSON.stringify([state.duplicateOf(event), state.approximate(event)]));
      if (rules.ids) hash.update(JSON.stringify(state.contributors(index % rules.features.length, event)));
    }
    state.apply(event, offset);
    if (index % batchSize === 0) topic.commit(state, 2 + (index % 50), offset + 1);
  }
  return hash.update(JSON.stringify(state.canonical())).digest("hex");
}

test.each([11, 12, 13])(
  "log %i in batches of any size, and restored at 50 random offsets, gives the same answers and the same state",
  (seed) => {
    const plain = digest(seed, EVENTS, new Set());
    for (const batchSize of [1, 7, 500]) expect(digest(seed, batchSize, new Set())).toBe(plain);
    const chance = new Chance(seed * 7);
    const restoreAt = new Set<number>();
    while (restoreAt.size < RESTORES) restoreAt.add(chance.below(EVENTS));
    expect(digest(seed, 13, restoreAt)).toBe(plain);
  },
  60_000,
);
