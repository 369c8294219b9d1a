/**
 * The departure of every stage but the last: the record goes on, keyed by the next entity, with what is known so far.
 *
 * Evidence is needed only if a rule hits, which the last stage alone can say. It is collected for the rules that can
 * still hit by what is known here, so that ordinary transactions cost nothing and no rule that hits lacks its evidence.
 */
import { ENVELOPE_HEADER, type Evidence, encodeTransactionEnvelope, entityTopic, type Header } from "@weir/schema";
import { factsOf } from "../facts.ts";
import type { EntityField, Feature } from "../feature.ts";
import type { Plan } from "../plan.ts";
import { MAX_EVIDENCE, restsOnNothing } from "../reasons.ts";
import { keyOf } from "./chain-key.ts";
import type { Answered, Departure, Earlier } from "./departure.ts";
import { featureIds } from "./feature-id.ts";
import { PASSED } from "./step-labels.ts";

export type ForwardingOptions = {
  readonly plan: Plan;
  readonly appId: string;
  /** The entity of the next stage. */
  readonly next: EntityField;
  /** Place of the first feature that this stage's state answers, and the one after its last. */
  readonly at: number;
  readonly known: number;
  readonly earlier: Earlier;
};

const NO_EVIDENCE: readonly Evidence[] = [];

export function createForwarding({ plan, appId, next, at, known, earlier }: ForwardingOptions): Departure {
  const topic = entityTopic(appId, next);
  const all = featureIds(plan.features.slice(0, known));
  const ruleset = rulesetBytes(plan);
  const evidenceOf = createEvidence(plan, { at, known, earlier });
  return (answered) => {
    const { record, headers, key, observation, features } = answered;
    const { incomplete, order, late, approximate, historySinceMs } = answered;
    const { origin, timeMs, transaction } = observation;
    const carried = { ids: all, values: features, evidence: evidenceOf(answered) };
    const sent =
      incomplete.length === 0 ? carried : without(carried, (feature) => feature < at && !earlier.has(feature));
    const known = { order, late, approximate, historySinceMs };
    const envelope = encodeTransactionEnvelope({ origin, key, timeMs, ruleset, ...known, ...sent });
    const { value, timestampMs } = record;
    const output = {
      topic,
      key: Buffer.from(keyOf(transaction, next)),
      value,
      headers: withEnvelope(headers, envelope),
      timestampMs,
    };
    return { outputs: [output], label: PASSED, event: observation };
  };
}

export function rulesetBytes({ hash }: Plan): Buffer {
  return Buffer.from(hash.slice(0, 16), "hex");
}

export function withEnvelope(headers: readonly Header[], envelope: Buffer): Header[] {
  return [...headers, [ENVELOPE_HEADER, envelope]];
}

type Scope = Pick<ForwardingOptions, "at" | "known" | "earlier">;

function createEvidence(plan: Plan, { at, known, earlier }: Scope): (answered: Answered) => readonly Evidence[] {
  const rules = plan.rules.flatMap(({ features, possible }) => {
    const own = features.filter((feature) => feature < known);
    return own.length === 0 ? [] : [{ features: own, canHit: possible(known) }];
  });
  const wanted = new Uint8Array(known);
  return ({ observation, state, features }) => {
    if (rules.length === 0) return NO_EVIDENCE;
    const facts = factsOf(observation.transaction, features, observation.timeMs);
    let any = false;
    for (const rule of rules) {
      if (!rule.canHit(facts)) continue;
      if (!any) wanted.fill(0);
      any = true;
      for (const feature of rule.features) wanted[feature] = 1;
    }
    if (!any) return NO_EVIDENCE;
    const evidence: Evidence[] = [];
    for (let place = 0; place < known; place += 1) {
      if (wanted[place] === 0 || restsOnNothing(plan.features[place] as Feature, features[place] as number)) continue;
      const origins = place < at ? earlier.origins(place) : state.contributors(place - at, observation, MAX_EVIDENCE);
      if (origins.length > 0) evidence.push({ place, origins });
    }
    return evidence;
  };
}

type Sent = { readonly ids: Uint32Array; readonly values: Float64Array; readonly evidence: readonly Evidence[] };

/** What nobody computed is left out, so that the last stage can tell it from what is missing by itself. */
function without({ ids, values, evidence }: Sent, lacks: (feature: number) => boolean): Sent {
  const kept = [...ids.keys()].filter((feature) => !lacks(feature));
  return {
    ids: Uint32Array.from(kept, (feature) => ids[feature] as number),
    values: Float64Array.from(kept, (feature) => values[feature] as number),
    evidence: evidence.map(({ place, origins }) => ({ place: kept.indexOf(place), origins })),
  };
}
