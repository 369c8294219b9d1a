import fc from "fast-check";
import { expect, test } from "vitest";
import { CorruptChunk, chunkRecordKey, parseChunkKey } from "./chunk.ts";
import { EntityState } from "./entity-state.ts";
import { layoutOf } from "./layout.ts";
import type { Observation } from "./observation.ts";
import type { ChunkRecord } from "./rolling-snapshot.ts";
import { VarintReader, writeSigned, writeVarint } from "./varint.ts";

const feature = { by: "source", field: null, windowMs: 1_000, delayMs: 0, before: false, otherwise: 0 } as const;
const features = [{ ...feature, name: "spent", and: ["target"], aggregate: "sum" } as const];
const layout = layoutOf("source", features, { latenessMs: 1_000, ids: true, labels: true });

const stateOf = (identity: string): EntityState => new EntityState(identity, layout, features);

const observation = (offset: number): Observation => ({
  kind: "transaction",
  timeMs: offset,
  origin: { partition: 0, offset },
  transaction: {
    id: `t${offset}`,
    source: "alice",
    target: offset % 2 === 0 ? "shop" : "é💶",
    currency: "EUR",
    amountMinor: 1 + offset * 12_345_678,
    exponent: 2,
    timestampMs: offset,
    channel: null,
    country: null,
    category: null,
    device: null,
    location: null,
  },
});

function snapshotOf(events: number): ChunkRecord[] {
  const state = stateOf("test@1");
  for (let offset = 0; offset < events; offset += 1) state.apply(observation(offset), offset);
  return state
    .takeSnapshot(100, events)
    .map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }));
}

function load(...records: readonly ChunkRecord[]): EntityState {
  const state = stateOf("test@1");
  for (const { key, value } of records) state.load(key, value);
  state.loaded(5);
  return state;
}

test("the name of a chunk comes back as it was written", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.nat({ max: 2 ** 32 - 1 }), (key, ordinal) => {
      const recordKey = chunkRecordKey(Buffer.from(key), ordinal);
      const parsed = parseChunkKey(recordKey);
      expect([recordKey.toString("utf8", 0, parsed.end), parsed.ordinal]).toEqual([key, ordinal]);
    }),
  );
  expect(() => parseChunkKey(Buffer.from("abcd"))).toThrow(CorruptChunk);
});

test("any bit flipped, any byte missing or added, and any other key is found out", () => {
  const [{ key, value } = { key: Buffer.of(), value: null }] = snapshotOf(3);
  const whole = value ?? Buffer.of();
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => load({ key, value: damaged })).toThrow(CorruptChunk);
  }
  for (let length = 0; length < whole.length; length += 1)
    expect(() => load({ key, value: whole.subarray(0, length) })).toThrow(CorruptChunk);
  expect(() => load({ key, value: Buffer.concat([whole, Buffer.of(0)]) })).toThrow(CorruptChunk);
  expect(() => load({ key: chunkRecordKey(Buffer.from("alicf"), 0), value: whole })).toThrow(CorruptChunk);
});

test("a chunk of another identity is passed over", () => {
  const state = stateOf("test@2");
  for (const { key, value } of snapshotOf(3)) state.load(key, value);
  state.loaded(10);
  expect([state.keys, state.streamTimeMs]).toEqual([0, 10]);
});

test("a hole between the chunks of a key stops the load, whatever their order in the topic", () => {
  const [first, second, third] = snapshotOf(700) as [ChunkRecord, ChunkRecord, ChunkRecord];
  expect(load(third, first, second).keys).toBe(1);
  expect(() => load(first, third)).toThrow(CorruptChunk);
});

/** Written by version 1, which every later engine has to read. Three events, the first with a fraud label taken back. */
const GOLDEN_1 = {
  key: "616c69636500000000",
  value:
    "0146df0c7c893d6c9e4028000000000000bff0000000000000bff000000000000000000000000003e8a7abfef962e209aa19010473686f70" +
    "56e6a1e8ee286642db3cc427018c0102c801a006c70180a094a58d1de3320206c3a9f09f92b6781da413a27ac7b9992b898b021400c80101" +
    "aa1901e7342a703319000de1b4ef6700140058f3a807",
};

test("chunks of version 1 are read for ever, and still written byte by byte", () => {
  const state = stateOf("golden@1");
  state.load(Buffer.from(GOLDEN_1.key, "hex"), Buffer.from(GOLDEN_1.value, "hex"));
  state.loaded(1_700_000_000_500);
  const event = { currency: "EUR", target: "shop", changes: [] };
  const events = [
    {
      ...event,
      timeMs: 1_700_000_000_500,
      amountMinor: 1250,
      origin: [1, 70],
      id: [1457955304, 3995625026, 3678192679],
    },
    {
      ...event,
      timeMs: 1_700_000_000_400,
      amountMinor: 1e12,
      origin: [2, 80],
      id: [2015208467, 2725955513, 2569767307],
    },
    { ...event, timeMs: 1_700_000_000_500, amountMinor: 1, origin: [0, 90], id: [3878955632, 857276429, 3786731367] },
  ];
  const [labelled, other, last] = events;
  expect(state.canonical()).toEqual({
    streamTimeMs: 1_700_000_000_500,
    keys: [
      [
        "alice",
        {
          givenUpMs: null,
          events: [
            { ...labelled, changes: [1_700_000_000_600, 1_700_000_000_900] },
            { ...other, currency: "JPY", target: "é💶" },
            last,
          ],
        },
      ],
    ],
  });
  const label = {
    kind: "label",
    key: "alice",
    source: "alice",
    origin: null,
    labelledAtMs: 1_700_000_000_900,
  } as const;
  state.apply({ ...label, transaction: "t1", fraud: true }, 12);
  state.apply({ ...label, transaction: "t1", fraud: false }, 13);
  expect(state.takeSnapshot(9, 12).map(({ key, value }) => [key.toString("hex"), value?.toString("hex")])).toEqual([
    [GOLDEN_1.key, GOLDEN_1.value],
  ]);
});

test("varints come back, up to the greatest", () => {
  const bytes = Buffer.alloc(9);
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const end = writeVarint(bytes, 0, value);
      const reader = new VarintReader(bytes.subarray(0, end), 0);
      return reader.next() === value && reader.at === end;
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 }), (value) => {
      writeSigned(bytes, 0, value);
      return new VarintReader(bytes, 0).nextSigned() === value;
    }),
  );
  expect(() => new VarintReader(Buffer.of(0x80), 0).next()).toThrow(RangeError);
});
