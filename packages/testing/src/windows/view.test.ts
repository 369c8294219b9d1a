import { EntityState, type Feature, type FeatureView, layoutOf, type Observation } from "@weir/engine";
import { expect, test } from "vitest";
import { type OracleRules, WindowOracle } from "./oracle.ts";
import { Chance, logOf, rulesOf } from "./world.ts";

const EXPONENTS = { EUR: 2, JPY: 0, BHD: 3 } as const;
const BLANK = { id: null, timestampMs: null, channel: null, country: null, category: null, device: null };

function stateOf({ entity, features, maxLiveEvents, ...options }: OracleRules): EntityState {
  return new EntityState("view@1", { ...layoutOf(entity, features, options), maxLiveEvents }, features);
}

/** A transaction at stream time that says nothing but whose it is and its currency. */
function asking(
  entity: OracleRules["entity"],
  key: string,
  currency: keyof typeof EXPONENTS,
  timeMs: number,
): Observation {
  const members = { ...BLANK, source: "", target: "", location: null, amountMinor: 1, currency };
  const transaction = { ...members, exponent: EXPONENTS[currency], [entity]: key };
  return { kind: "transaction", timeMs, origin: { partition: 0, offset: 0 }, transaction };
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

const needsTransaction = ({ aggregate, and }: Feature): boolean =>
  and.length > 0 || aggregate === "seen" || aggregate === "ratioToMean";

function answerOf(view: FeatureView, currency: string): number | null | "needs a transaction" | "none" {
  if ("needs" in view) return "needs a transaction";
  if ("value" in view) return view.value;
  return view.byCurrency[currency] ?? (currency in view.byCurrency ? null : "none");
}

test.each([1, 2, 3, 4, 5, 6])(
  "of world %i every view is what the oracle says of the same windows with nobody in them but earlier ones",
  (seed) => {
    const rules = rulesOf(new Chance(seed));
    const { entity, features } = rules;
    const state = stateOf(rules);
    // Both sums and counts of the transactions that are there, whatever the feature says of the asking one.
    const oracle = new WindowOracle({ ...rules, features: features.map((one) => ({ ...one, before: true })) });
    const chance = new Chance(seed + 100);
    const into = new Float64Array(features.length);
    let compared = 0;
    for (const { event, offset } of logOf(new Chance(seed + 1), rules, 1_000)) {
      if (event.kind === "transaction") state.ask(event, into);
      const key = event.kind === "label" ? event.key : event.transaction[entity];
      if (key !== null && chance.below(8) === 0) {
        const before = JSON.stringify(state.canonical());
        const view = state.view(key);
        expect(JSON.stringify(state.canonical())).toBe(before);
        const kept = new Map(state.canonical().keys).get(key) as { readonly events: readonly unknown[] } | undefined;
        expect(view?.liveEvents ?? 0).toBe(kept?.events.length ?? 0);
        for (const currency of ["EUR", "JPY", "BHD"] as const) {
          if (view === null) continue;
          const right = oracle.answers(asking(entity, key, currency, state.streamTimeMs));
          for (const [index, feature] of features.entries()) {
            const answer = answerOf(view.features[index] as FeatureView, currency);
            if (needsTransaction(feature)) expect(answer).toBe("needs a transaction");
            else if (answer !== "none") expect([feature, answer]).toEqual([feature, orNull(right[index] as number)]);
            else expect(right[index]).toBe(feature.aggregate === "sum" ? 0 : feature.otherwise);
          }
          compared += 1;
        }
      }
      if (event.kind === "transaction") {
        const again = new Float64Array(features.length);
        state.ask(event, again);
        expect(again).toEqual(into);
      }
      state.apply(event, offset);
      oracle.apply(event);
    }
    expect(compared).toBeGreaterThan(50);
  },
);
