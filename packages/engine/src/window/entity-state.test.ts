import type { DecodedTransaction } from "@weir/schema";
import { expect, test } from "vitest";
import { planOf } from "../chain/chain.fixture.ts";
import { EntityState } from "./entity-state.ts";
import { layoutIdentity } from "./layout.ts";
import type { Observation } from "./observation.ts";

const RULESET = `
name: short
version: 1
currencies: [EUR]
lateness: 1s
features:
  count_10s: { by: source, count: true, over: 10s }
rules:
  - id: busy
    when: count_10s > 20
    examples: [{ given: { count_10s: 21 }, expect: hit }]
    score: 0.9
thresholds: { review: 0.6, decline: 0.9 }
`;
const NOBODY: DecodedTransaction = {
  ...{ id: null, source: "", target: "m", currency: "EUR", amountMinor: 100, exponent: 2, timestampMs: null },
  ...{ channel: null, country: null, category: null, device: null, location: null },
};
const MOMENT_MS = 10;
/** Events within the horizon. */
const LIVE = 11_000 / MOMENT_MS;

test("where every transaction brings a key of its own, those of the past are let go of", () => {
  const { state, apply } = strangers();
  let most = 0;
  for (let offset = 0; offset < 30 * LIVE; offset += 1) {
    apply(offset);
    if (offset % 20 === 19) state.takeSnapshot(40, offset + 1);
    if (offset > 15 * LIVE) most = Math.max(most, state.keys);
  }
  expect(most).toBeLessThan(6 * LIVE);
});

test("keys that wait for their tombstones become fewer even while more chunks wait than can be written", () => {
  const { state, apply } = strangers();
  const tombstones = (limit: number, asOf: number): number =>
    state.takeSnapshot(limit, asOf).filter(({ value }) => value === null).length;
  for (let offset = 0; offset <= LIVE; offset += 1) apply(offset < LIVE ? offset : 3 * LIVE);
  expect(tombstones(2 * LIVE, 3 * LIVE + 1)).toBe(0);
  for (let offset = 3 * LIVE + 1; offset < 5 * LIVE; offset += 1) apply(offset);
  const rounds: number[] = [];
  do rounds.push(tombstones(20, 5 * LIVE));
  while (rounds.at(-1) !== 0);
  expect(rounds).toEqual([...Array(Math.floor(LIVE / 12)).fill(12), LIVE % 12, 0]);
});

/** A state that sees every key once. */
function strangers(): { readonly state: EntityState; readonly apply: (offset: number) => void } {
  const [entity] = planOf(RULESET).entities;
  if (entity === undefined) throw new Error("the ruleset has no entity");
  const state = new EntityState(layoutIdentity(entity.layout), entity.layout, entity.features);
  const into = new Float64Array(entity.features.length);
  const apply = (offset: number): void => {
    const transaction: DecodedTransaction = { ...NOBODY, id: `t${offset}`, source: `c${offset}` };
    const timeMs = 1e12 + offset * MOMENT_MS;
    const observation: Observation = { kind: "transaction", transaction, timeMs, origin: { partition: 0, offset } };
    state.ask(observation, into);
    state.apply(observation, offset);
  };
  return { state, apply };
}
