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
      expect(parseChunkKey(chunkRecordKey(key, ordinal))).toEqual({ key, ordinal });
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
  expect(() => load({ key: chunkRecordKey("alicf", 0), value: whole })).toThrow(CorruptChunk);
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
