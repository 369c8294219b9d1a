/** The oracle has to see what it is there for: each of these bugs, planted between it and the state, turns it red. */
import type { Labelling, Observation, StateEvent } from "@weir/engine";
import { expect, test } from "vitest";
import { runWorld } from "./run.ts";
import { type MakeState, makeState, type StateUnderTest } from "./state-under-test.ts";

type Feature = Parameters<MakeState>[0]["features"][number];

const withFeatures =
  (change: (feature: Feature) => Feature): MakeState =>
  (rules) =>
    makeState({ ...rules, features: rules.features.map(change) });

const withState =
  (change: (state: StateUnderTest) => void): MakeState =>
  (rules) => {
    const state = makeState(rules);
    change(state);
    return state;
  };

/** What the state is told about each event is changed on its way in. */
const told = (change: (event: StateEvent) => StateEvent): MakeState =>
  withState((state) => {
    const { apply } = state;
    state.apply = (event, offset) => apply.call(state, change(event), offset);
  });

const ofTransactions = (change: (event: Observation) => Observation): MakeState =>
  told((event) => (event.kind === "transaction" ? change(event) : event));

const ofLabels = (change: (label: Labelling) => Labelling): MakeState =>
  told((event) => (event.kind === "label" ? change(event) : event));

const BUGS: Readonly<Record<string, MakeState>> = {
  "a window that holds its own beginning": withFeatures((feature) => ({ ...feature, windowMs: feature.windowMs + 1 })),
  "a delay that is one millisecond short": withFeatures((feature) => ({
    ...feature,
    delayMs: Math.max(0, feature.delayMs - 1),
  })),
  "before: true that counts the transaction itself": withFeatures((feature) => ({ ...feature, before: false })),
  "a pair that is not told apart": withFeatures((feature) => ({ ...feature, and: [] })),
  "lateness judged one millisecond too hard": (rules) =>
    makeState({ ...rules, latenessMs: Math.max(0, rules.latenessMs - 1) }),
  "one live event too many": (rules) => makeState({ ...rules, maxLiveEvents: rules.maxLiveEvents + 1 }),
  "amounts of other currencies": ofTransactions((event) => ({
    ...event,
    transaction: { ...event.transaction, currency: "EUR" },
  })),
  "amounts that lose their 33rd bit": ofTransactions((event) => ({
    ...event,
    transaction: { ...event.transaction, amountMinor: event.transaction.amountMinor % 2 ** 32 },
  })),
  "null taken for an empty text": ofTransactions((event) => ({
    ...event,
    transaction: {
      ...event.transaction,
      channel: event.transaction.channel ?? "",
      country: event.transaction.country ?? "",
    },
  })),
  "ids that are not remembered": ofTransactions((event) => ({
    ...event,
    transaction: { ...event.transaction, id: null },
  })),
  "a label known before it was given": ofLabels((label) => ({ ...label, labelledAtMs: label.labelledAtMs - 50 })),
  "a truth that never changes back": ofLabels((label) => ({ ...label, fraud: true })),
  "a chunk that no snapshot writes": withState((state) => {
    const { takeSnapshot } = state;
    state.takeSnapshot = (limit, asOf) => takeSnapshot.call(state, limit, asOf).slice(1);
  }),
  "chunks that claim one offset more": withState((state) => {
    const { takeSnapshot } = state;
    state.takeSnapshot = (limit, asOf) => takeSnapshot.call(state, limit, asOf + 5);
  }),
  "chunks that claim nothing, so that replay doubles events": withState((state) => {
    const { takeSnapshot } = state;
    state.takeSnapshot = (limit) => takeSnapshot.call(state, limit, 0);
  }),
  "a restored state that begins at the wrong stream time": withState((state) => {
    const { loaded } = state;
    state.loaded = () => loaded.call(state, -1);
  }),
};

test.each(Object.entries(BUGS))("%s is found", (_, make) => {
  const found = (seed: number): boolean => runWorld(seed, 1_000, make).difference !== null;
  expect(Array.from({ length: 60 }, (_, index) => index + 1).some(found)).toBe(true);
});
