/** Rulesets whose chains have every kind of stage. */
import { compileRuleset, formatFaults, type Plan } from "@weir/engine";

export const SOURCE_AND_TARGET = `
name: pair
version: 1
currencies: [EUR]
features:
  sent_10m: { by: source, count: true, over: 10m }
  spent_1h: { by: source, sum: amount, over: 1h }
  targets_1h: { by: source, distinct: target, over: 1h }
  usual: { by: source, mean: amount, over: 1h, before: true }
  bad_sent: { by: source, fraud_count: true, over: 1h }
  got_10m: { by: target, count: true, over: 10m }
  payers: { by: target, distinct: source, over: 1h }
  known: { by: [target, source], count: true, over: 1h, before: true }
  risk: { by: target, fraud_ratio: true, over: 1h, before: true, otherwise: 0 }
rules:
  - { id: busy, when: sent_10m > 3 && got_10m > 5, score: 0.7 }
  - { id: spree, when: spent_1h > 2000 && amount > 100 || risk > 0.9, score: 0.8 }
  - { id: unusual, when: "usual != null && amount > 3 * usual && payers > 2", score: 0.65 }
  - { id: risky, when: 'risk > 0.5 && (country != null ? country != "DE" : known == 0)', score: 0.95 }
  - { id: burnt, when: bad_sent >= 2, score: 0.9 }
  - { id: watched, when: targets_1h > 4 && !(got_10m < 4), score: 0.3, monitor: true }
thresholds: { review: 0.6, decline: 0.9 }
`;
export const WITH_DEVICE = SOURCE_AND_TARGET.replace(
  "rules:",
  `  shared: { by: device, distinct: source, over: 1h }
rules:
  - { id: handed-round, when: shared > 2 && sent_10m > 1 && got_10m > 1, score: 0.6 }`,
);

/** The same without what labels tell. */
export const WITHOUT_LABELS = WITH_DEVICE.replace(/.*(bad_sent|risk).*\n/g, "").replace(
  "rules:",
  `rules:
  - { id: large, when: amount > 900 && known == 0, score: 0.95 }
  - { id: spree, when: spent_1h > 2000 && amount > 100, score: 0.8 }`,
);

export function planOf(text: string): Plan {
  const result = compileRuleset(text, { file: "r.yaml" });
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.plan;
}
