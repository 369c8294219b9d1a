import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CHUNK_EVENTS,
  CorruptChunk,
  chunkRecordKey,
  decodeChunk,
  encodeChunk,
  identityHash,
  parseChunkKey,
} from "./chunk.ts";
import { VarintReader, writeSigned, writeVarint } from "./varint.ts";
import { WindowState } from "./window-state.ts";

const identity = identityHash("test@1");
const times = fc.array(fc.integer({ min: 0, max: 253_402_300_799_999 }), { minLength: 1, maxLength: CHUNK_EVENTS });

test("a chunk comes back as it was written, its events in order of arrival", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: "grapheme" }),
      fc.nat({ max: 2 ** 32 - 1 }),
      fc.maxSafeNat(),
      times,
      (key, ordinal, asOf, events) => {
        const recordKey = chunkRecordKey(key, ordinal);
        const value = encodeChunk(recordKey, identity, { asOf, base: ordinal, times: Float64Array.from(events) });
        expect(parseChunkKey(recordKey)).toEqual({ key, ordinal });
        const chunk = decodeChunk(recordKey, identity, value);
        expect(chunk).toEqual({ asOf, base: ordinal, times: Float64Array.from(events) });
      },
    ),
    { numRuns: 50 },
  );
});

const KEY = chunkRecordKey("alice", 0);
const VALUE = encodeChunk(KEY, identity, { asOf: 12, base: 0, times: Float64Array.of(5, 3, 8) });

test("any bit flipped, any byte missing or added, and any other key is found out", () => {
  for (let bit = 0; bit < VALUE.length * 8; bit += 1) {
    const damaged = Buffer.from(VALUE);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    expect(() => decodeChunk(KEY, identity, damaged)).toThrow(CorruptChunk);
  }
  for (let length = 0; length < VALUE.length; length += 1)
    expect(() => decodeChunk(KEY, identity, VALUE.subarray(0, length))).toThrow(CorruptChunk);
  expect(() => decodeChunk(KEY, identity, Buffer.concat([VALUE, Buffer.of(0)]))).toThrow(CorruptChunk);
  expect(() => decodeChunk(chunkRecordKey("alicf", 0), identity, VALUE)).toThrow(CorruptChunk);
});

test("a chunk of another identity is passed over", () => {
  expect(decodeChunk(KEY, identityHash("test@2"), VALUE)).toBeNull();
  const state = new WindowState("test@2", 1_000);
  state.load(KEY, VALUE);
  state.loaded(10);
  expect(state.canonical()).toEqual({ streamTimeMs: 10, keys: [] });
});

test("a hole between the chunks of a key, or a chunk that is short before its successor, stops the load", () => {
  const full = Float64Array.from({ length: CHUNK_EVENTS }, (_, index) => index);
  const load = (...chunks: readonly (readonly [ordinal: number, times: Float64Array])[]) => {
    const state = new WindowState("test@1", 1_000);
    for (const [ordinal, events] of chunks) {
      const key = chunkRecordKey("alice", ordinal);
      state.load(key, encodeChunk(key, identity, { asOf: 1, base: 0, times: events }));
    }
    state.loaded(5);
    return state.canonical().keys[0]?.[1].length;
  };
  expect(load([1, full], [0, full])).toBe(2 * CHUNK_EVENTS);
  expect(load([1, full])).toBe(CHUNK_EVENTS);
  expect(() => load([0, full], [2, full])).toThrow("chunk 1 of a key is missing before 2");
  expect(() => load([0, full.subarray(1)], [1, full])).toThrow("has 255 events and a successor");
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
