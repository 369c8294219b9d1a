import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ENVELOPE_HEADER,
  EnvelopeReader,
  encodeLabelEnvelope,
  encodeTransactionEnvelope,
  envelopeOf,
  type TransactionEnvelope,
} from "./envelope.ts";

const RULESET = Buffer.from("0123456789abcdef", "hex");

function anEnvelope(parts: Partial<TransactionEnvelope> = {}): TransactionEnvelope {
  return {
    origin: { partition: 3, offset: 41 },
    key: null,
    timeMs: 1_700_000_000_000,
    order: null,
    late: false,
    approximate: false,
    historySinceMs: 0,
    ruleset: RULESET,
    ids: new Uint32Array(),
    values: new Float64Array(),
    evidence: [],
    ...parts,
  };
}

/** Everything that a reader says; throws if the bytes are no envelope. */
function read(bytes: Buffer, reader = new EnvelopeReader()) {
  const reason = reader.open(bytes);
  if (reason !== null) throw new Error(reason);
  const { isLabel, partition, offset, key, timeMs, order, late, approximate, historySinceMs, ruleset, features } =
    reader;
  const origin = { partition, offset };
  if (isLabel) return { isLabel, origin, key };
  const places = Array.from({ length: features }, (_, place) => place);
  return {
    isLabel,
    origin,
    key,
    timeMs,
    order,
    late,
    approximate,
    historySinceMs,
    ruleset,
    ids: Uint32Array.from(places, (place) => reader.id(place)),
    values: Float64Array.from(places, (place) => reader.value(place)),
    evidence: places.flatMap((place) => {
      const origins = reader.evidence(place);
      return origins.length === 0 ? [] : [{ place, origins }];
    }),
  };
}

const integer = fc.oneof(fc.nat(1000), fc.maxSafeNat());
const place = fc.record({ partition: fc.nat(2 ** 31), offset: integer });
const key = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const envelope: fc.Arbitrary<TransactionEnvelope> = fc
  .array(fc.tuple(fc.nat(2 ** 32 - 1), fc.double(), fc.option(fc.array(place, { minLength: 1, maxLength: 25 }))), {
    maxLength: 12,
  })
  .chain((features) =>
    fc.record({
      origin: place,
      key,
      timeMs: integer,
      order: fc.option(integer),
      late: fc.boolean(),
      approximate: fc.boolean(),
      historySinceMs: fc.oneof(fc.constant(0), integer),
      ruleset: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      ids: fc.constant(Uint32Array.from(features, ([id]) => id)),
      values: fc.constant(Float64Array.from(features, ([, value]) => value)),
      evidence: fc.constant(
        features.flatMap(([, , origins], at) => (origins === null ? [] : [{ place: at, origins }])),
      ),
    }),
  );

describe("version 1 of an envelope", () => {
  test("of a transaction is these bytes, for ever", () => {
    const bytes = encodeTransactionEnvelope({
      origin: { partition: 258, offset: 2 ** 32 + 7 },
      key: Buffer.from("k"),
      timeMs: 1_700_000_000_000,
      order: 9,
      late: true,
      approximate: false,
      historySinceMs: 0,
      ruleset: RULESET,
      ids: Uint32Array.of(0xdeadbeef, 1),
      values: Float64Array.of(1.5, Number.NaN, 99),
      evidence: [{ place: 1, origins: [{ partition: 1, offset: 2 }] }],
    });
    expect(bytes.toString("hex").match(/../g)?.join(" ")).toBe(
      [
        "01 0e", // version, flags: late, order, key
        "02 01 00 00 07 00 00 00 01 00 00 00", // origin
        "00 68 e5 cf 8b 01 00 00", // event time
        "09 00 00 00 00 00 00 00", // order
        "01 23 45 67 89 ab cd ef", // ruleset
        "02 00 ef be ad de 01 00 00 00", // ids
        "00 00 00 00 00 00 f8 3f 00 00 00 00 00 00 f8 7f", // values
        "01 00 01 00 01 01 00 00 00 02 00 00 00 00 00 00 00", // evidence
        "6b", // key
      ].join(" "),
    );
  });

  test("of a history that begins late has its beginning before the key", () => {
    const whole = encodeTransactionEnvelope(anEnvelope({ key: Buffer.from("k") }));
    const partial = encodeTransactionEnvelope(anEnvelope({ key: Buffer.from("k"), historySinceMs: 258 }));
    expect(partial[1]).toBe((whole[1] as number) | 32);
    expect(partial.subarray(2, -9)).toEqual(whole.subarray(2, -1));
    expect(partial.subarray(-9).toString("hex")).toBe("02010000000000006b");
  });

  test("of a label is these bytes, for ever", () => {
    expect(encodeLabelEnvelope({ partition: 1, offset: 2 }, null).toString("hex")).toBe("0101010000000200000000000000");
    expect(encodeLabelEnvelope({ partition: 1, offset: 2 }, Buffer.from("k")).toString("hex")).toBe(
      "01030100000002000000000000006b",
    );
  });
});

describe("an envelope", () => {
  const reader = new EnvelopeReader();

  test("says what was written, whatever the reader read before", () => {
    fc.assert(
      fc.property(envelope, place, key, (written, origin, labelKey) => {
        expect(read(encodeTransactionEnvelope(written), reader)).toEqual({ isLabel: false, ...written });
        expect(read(encodeLabelEnvelope(origin, labelKey), reader)).toEqual({ isLabel: true, origin, key: labelKey });
      }),
    );
  });

  test("has one form for every missing value", () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer);
    const [a, b] = [odd, Float64Array.of(Number.NaN)].map((values) =>
      encodeTransactionEnvelope(anEnvelope({ ids: Uint32Array.of(1), values })),
    );
    expect(a).toEqual(b);
  });

  test("tells an empty key from none", () => {
    for (const one of [null, Buffer.alloc(0)])
      expect(read(encodeTransactionEnvelope(anEnvelope({ key: one }))).key).toEqual(one);
  });

  test("that is cut anywhere is none, but for its key", () => {
    fc.assert(
      fc.property(envelope, (written) => {
        const bytes = encodeTransactionEnvelope({ ...written, key: null });
        for (let length = 0; length < bytes.length; length += 1)
          expect(reader.open(bytes.subarray(0, length))).toEqual(expect.any(String));
        expect(reader.open(Buffer.concat([bytes, Buffer.of(0)]))).toBe("1 bytes too many");
      }),
      { numRuns: 30 },
    );
  });

  test.each<[string, Buffer | null, string]>([
    ["null", null, "no envelope"],
    ["nothing", Buffer.alloc(0), "an empty envelope"],
    ["a later version", Buffer.from("02ff", "hex"), "an envelope of version 2"],
    ["text", Buffer.from('{"a":1}'), "an envelope of version 123"],
    ["an unknown flag", Buffer.concat([Buffer.from("0140", "hex"), Buffer.alloc(60)]), "flags 64"],
    ["a late label", Buffer.concat([Buffer.from("0109", "hex"), Buffer.alloc(12)]), "flags 9"],
    ["a huge offset", Buffer.concat([Buffer.from("0101", "hex"), Buffer.alloc(12, 0xff)]), "a number above 2^53"],
    [
      "10,000 features in 60 bytes",
      Buffer.from(`01${"00".repeat(37)}1027${"00".repeat(20)}`, "hex"),
      "an envelope that ends early",
    ],
  ])("that is %s is refused with its reason", (_, bytes, reason) => {
    expect(reader.open(bytes)).toBe(reason);
  });

  test("whose evidence is of no feature, or of one twice, is refused", () => {
    const origins = [{ partition: 0, offset: 1 }];
    const ids = Uint32Array.of(1, 2);
    const values = Float64Array.of(1, 2);
    for (const places of [[2], [1, 1], [1, 0]]) {
      const evidence = places.map((at) => ({ place: at, origins }));
      expect(reader.open(encodeTransactionEnvelope(anEnvelope({ ids, values, evidence })))).toContain("evidence of");
    }
  });

  test("is read or refused, never thrown at, whatever the bytes", () => {
    const damaged = fc.tuple(envelope, fc.nat(), fc.nat(255)).map(([written, at, byte]) => {
      const bytes = encodeTransactionEnvelope(written);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const foreign = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from([1, ...bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, foreign), (bytes) => {
        if (reader.open(bytes) === null) read(bytes);
      }),
      { numRuns: 3_000 },
    );
  });

  test("is the last header, so that one of the same name which the input brought stays what it was", () => {
    const bytes = Buffer.of(1);
    expect(
      envelopeOf([
        [ENVELOPE_HEADER, Buffer.of(2)],
        ["a", null],
        [ENVELOPE_HEADER, bytes],
      ]),
    ).toBe(bytes);
    expect(
      envelopeOf([
        [ENVELOPE_HEADER, bytes],
        ["a", null],
      ]),
    ).toBeNull();
    expect(envelopeOf([])).toBeNull();
  });
});
