import { expect, test } from "vitest";
import { planOf } from "../chain/chain.fixture.ts";
import { EntityState } from "./entity-state.ts";
import { MAX_CURRENCIES } from "./entity-view.ts";
import type { Observation } from "./observation.ts";

const START_MS = 1_700_000_000_000;
const RULESET = `
name: views
version: 1
features:
  paid: { by: source, count: true, over: 1h }
  spent: { by: source, sum: amount, over: 1h }
  usual: { by: source, mean: amount, over: 1h, delay: 10m }
  targets: { by: source, distinct: target, over: 1h }
  since: { by: source, since_last: true, over: 1h }
  known: { by: source, seen: target, over: 1h }
  ratio: { by: source, ratio_to_mean: amount, over: 1h }
  to_this: { by: [source, target], count: true, over: 1h }
rules:
  - { id: often, when: paid > 3 && targets > 2 && to_this > 1 && known == 0, score: 0.9 }
  - { id: much, when: spent > 100 && ratio > 2, score: 0.9 }
  - { id: unlike, when: usual != null && since != null && usual > 1 && since > 5, score: 0.9 }
thresholds: { review: 0.6, decline: 0.9 }
`;

function aState(maxLiveEvents = 1_000) {
  const [entity] = planOf(RULESET).entities;
  if (entity === undefined) throw new Error("the ruleset has features");
  const state = new EntityState("view@1", { ...entity.layout, maxLiveEvents }, entity.features);
  let offset = 0;
  const pay = (second: number, members: Partial<Observation["transaction"]> = {}): void => {
    const transaction = {
      ...{ id: null, source: "alice", target: "bob", currency: "EUR", amountMinor: 1_000, exponent: 2 },
      ...{ timestampMs: null, channel: null, country: null, category: null, device: null, location: null },
      ...members,
    };
    const origin = { partition: 0, offset };
    state.apply({ kind: "transaction", transaction, timeMs: START_MS + second * 1_000, origin }, offset++);
  };
  return { state, pay };
}

const answers = (state: EntityState, key = "alice") =>
  Object.fromEntries(
    (state.view(key)?.features ?? []).map(({ name, aggregate, afterMs, untilMs, approximate, ...answer }) => [
      name,
      answer,
    ]),
  );

test("windows end at stream time, count nobody who is not there, and keep currencies apart", () => {
  const { state, pay } = aState();
  pay(0);
  pay(60, { currency: "JPY", exponent: 0, amountMinor: 700, target: "carol" });
  pay(120, { source: "zed" });
  pay(900, { source: "zed" });
  expect(state.view("alice")).toMatchObject({
    streamTimeMs: START_MS + 900_000,
    liveEvents: 2,
    oldestMs: START_MS,
    newestMs: START_MS + 60_000,
  });
  expect(answers(state)).toEqual({
    paid: { value: 2 },
    spent: { byCurrency: { JPY: 700, EUR: 10 } },
    usual: { byCurrency: { JPY: 700, EUR: 10 } },
    targets: { value: 2 },
    since: { value: 840_000 },
    known: { needs: "a transaction's target" },
    ratio: { needs: "a transaction's amount" },
    to_this: { needs: "a transaction's target" },
  });
  const usual = state.view("alice")?.features[2];
  expect([usual?.afterMs, usual?.untilMs]).toEqual([START_MS + (900 - 4_200) * 1_000, START_MS + 300_000]);
});

test("what left its window is not counted, and a window that is empty misses what has no empty value", () => {
  const { state, pay } = aState();
  pay(0);
  pay(3_600, { source: "zed" });
  expect(answers(state)).toMatchObject({
    paid: { value: 0 },
    spent: { byCurrency: { EUR: 0 } },
    usual: { byCurrency: { EUR: 10 } },
    since: { value: null },
  });
});

test("a key that nobody paid by, or not within the horizon, is unknown", () => {
  const { state, pay } = aState();
  expect(state.view("alice")).toBeNull();
  pay(0);
  pay(100 * 86_400, { source: "zed" });
  expect(state.view("alice")).toBeNull();
  expect(state.view("nobody")).toBeNull();
  expect(state.view("zed")?.liveEvents).toBe(1);
});

test("a window that reaches back to what was given up says so, and a shorter memory is what it answers by", () => {
  const { state, pay } = aState(2);
  for (const second of [0, 1, 2]) pay(second);
  const view = state.view("alice");
  expect(view?.liveEvents).toBe(2);
  expect(view?.features.map(({ name, approximate }) => [name, approximate])).toContainEqual(["paid", true]);
});

test("of very many currencies the latest are answered for, and how many are not is said", () => {
  const { state, pay } = aState();
  const code = (index: number): string => `A${String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))}`;
  for (let index = 0; index < MAX_CURRENCIES + 5; index += 1) pay(index, { currency: code(index) });
  const view = state.view("alice");
  const spent = view?.features[1];
  expect(view?.currenciesLeftOut).toBe(5);
  expect(Object.keys(spent !== undefined && "byCurrency" in spent ? spent.byCurrency : {})).toEqual(
    Array.from({ length: MAX_CURRENCIES }, (_, index) => code(MAX_CURRENCIES + 4 - index)),
  );
});
