/** Envelopes between stages. */
import { EnvelopeReader, encodeLabelEnvelope, encodeTransactionEnvelope } from "@weir/schema";
import type { Chance } from "@weir/testing";
import { damaged } from "./damage.ts";
import { must, type Target } from "./target.ts";

export const envelopes: Target = {
  name: "envelope",
  share: 200,
  draw: (chance) => (chance.below(4) === 0 ? good(chance) : damaged(chance, good(chance))),
  take(input) {
    const reader = new EnvelopeReader();
    const fault = reader.open(input);
    if (fault !== null) return fault.replace(/\d+/g, "N");
    const again = written(reader);
    const twice = new EnvelopeReader();
    must(twice.open(again) === null, "what was read is written as something that can be read");
    must(written(twice).equals(again), "and says the same then");
    return reader.isLabel ? "a label's" : `a transaction's with ${reader.features > 0 ? "" : "no "}features`;
  },
};

function good(chance: Chance): Buffer {
  const key = chance.below(2) === 0 ? null : Buffer.from("key".slice(0, chance.below(4)));
  const place = () => ({ partition: chance.below(100), offset: chance.of(0, 7, 2 ** 32, Number.MAX_SAFE_INTEGER) });
  if (chance.below(4) === 0) return encodeLabelEnvelope(place(), key);
  const features = chance.below(5);
  return encodeTransactionEnvelope({
    origin: place(),
    key,
    timeMs: 1_700_000_000_000,
    order: chance.of(null, 0, 5),
    late: chance.below(2) === 0,
    approximate: chance.below(2) === 0,
    historySinceMs: chance.of(0, 1_600_000_000_000),
    ruleset: Buffer.alloc(8, 3),
    ids: Uint32Array.from({ length: features }, (_, at) => at * 1_000),
    values: Float64Array.from({ length: features }, () => chance.of(0, 1.5, Number.NaN, -1, Number.POSITIVE_INFINITY)),
    evidence: features === 0 ? [] : [{ place: chance.below(features), origins: [place(), place()] }],
  });
}

function written(reader: EnvelopeReader): Buffer {
  const { partition, offset, key, features } = reader;
  if (reader.isLabel) return encodeLabelEnvelope({ partition, offset }, key);
  const places = Array.from({ length: features }, (_, place) => place);
  return encodeTransactionEnvelope({
    origin: { partition, offset },
    key,
    timeMs: reader.timeMs,
    order: reader.order,
    late: reader.late,
    approximate: reader.approximate,
    historySinceMs: reader.historySinceMs,
    ruleset: reader.ruleset,
    ids: Uint32Array.from(places, (place) => reader.id(place)),
    values: Float64Array.from(places, (place) => reader.value(place)),
    evidence: places
      .map((place) => ({ place, origins: reader.evidence(place) }))
      .filter(({ origins }) => origins.length > 0),
  });
}
