import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate } from "./inflate.ts";

const text = Buffer.from(
  Array.from({ length: 40 }, (_, i) => `{"source":"acct${i % 7}","amount":${(i * 37) % 1000}}`).join("") +
    "a".repeat(40),
);
const fromBase64 = (base64: string) => Buffer.from(base64, "base64");

/** `text` as snappy-java 1.1.10 and lz4-java 1.10 write it, the libraries of Kafka's own clients. */
const SNAPPY = fromBase64(
  "+glweyJzb3VyY2UiOiJhY2N0MCIsImFtb3VudCI6MH06HQAAMR0dBDM3Ph4AADIdHgQ3ND4eAAAzHR4IMTExPh8AADQuHwAENDg+HwAANS4fAAQ4NT4fAAA2HR8IMjIyPh8ALtUACDI1OT4fAC7XAAgyOTY+HwAu2AAIMzMzPh8ALtkABDM3QjQBLtkABDQwQjUBLtkABDQ0QjYBLtkABDQ4QjYBLtkABDUxQjYBLtkABDU1QjYBLtkABDU5QjYBLtkABDYyQjYBLtkABDY2QjYBLtkACDcwMz42AS7ZAAQ3NEI2AS7ZAAQ3N0I2AS7ZAAQ4MUI2AS7ZAAQ4NUI2AS7ZAAQ4OEI2AS7ZAAQ5MkI2AS7ZAAQ5NkI2AS7ZAAQ5OUI2AS7ZAAAzQjUBLtgAADdCNAEu1wAEMTFCNAEAM30FBDE0QjQBLtcABDE4QjQBLtcABDIyQjQBLtcABDI1QjQBLtcABDI5QjQBLtgABDMzQjQBLtkABDM2QjQBLtkABDQwQjUBLtkAEDQ0M31hmgEA",
);
const SNAPPY_XERIAL = fromBase64(
  "glNOQVBQWQAAAAABAAAAAQAAAZL6CXB7InNvdXJjZSI6ImFjY3QwIiwiYW1vdW50IjowfTodAAAxHR0EMzc+HgAAMh0eBDc0Ph4AADMdHggxMTE+HwAANC4fAAQ0OD4fAAA1Lh8ABDg1Ph8AADYdHwgyMjI+HwAu1QAIMjU5Ph8ALtcACDI5Nj4fAC7YAAgzMzM+HwAu2QAEMzdCNAEu2QAENDBCNQEu2QAENDRCNgEu2QAENDhCNgEu2QAENTFCNgEu2QAENTVCNgEu2QAENTlCNgEu2QAENjJCNgEu2QAENjZCNgEu2QAINzAzPjYBLtkABDc0QjYBLtkABDc3QjYBLtkABDgxQjYBLtkABDg1QjYBLtkABDg4QjYBLtkABDkyQjYBLtkABDk2QjYBLtkABDk5QjYBLtkAADNCNQEu2AAAN0I0AS7XAAQxMUI0AQAzfQUEMTRCNAEu1wAEMThCNAEu1wAEMjJCNAEu1wAEMjVCNAEu1wAEMjlCNAEu2AAEMzNCNAEu2QAEMzZCNAEu2QAENDBCNQEu2QAQNDQzfWGaAQA=",
);
const LZ4 = fromBase64(
  "BCJNGGBwc2wBAAD7Dnsic291cmNlIjoiYWNjdDAiLCJhbW91bnQiOjB9HQAXMR0ALDM3HgAXMh4ALDc0HgAXMx4APDExMR8AGDQfACw0OB8AGDUfACw4NR8AFzYfADwyMjIfAAjVADwyNTkfAAjXADwyOTYfAAjYADwzMzMfAAjZAC0zNzQBCNkALTQwNQEI2QAtNDQ2AQjZAC00ODYBCNkALTUxNgEI2QAtNTU2AQjZAC01OTYBCNkALTYyNgEI2QAtNjY2AQjZAC03MDYBCNkALTc0NgEI2QAtNzc2AQjZAC04MTYBCNkALTg1NgEI2QAtODg2AQjZAC05MjYBCNkALTk2NgEI2QAtOTk2AQjZAB0zNQEI2AAdNzQBCNcALTExNAEI1wAtMTQ0AQjXAC0xODQBCNcALTIyNAEI1wAtMjU0AQjXAC0yOTQBCNgALTMzNAEI2QAtMzY0AQjZAC00MDUBCNkAXzQ0M31hAQAPUGFhYWFhAAAAAA==",
);

const ALL = [
  ["gzip", 1, gzipSync(text)],
  ["snappy", 2, SNAPPY],
  ["snappy in xerial's framing", 2, SNAPPY_XERIAL],
  ["LZ4", 3, LZ4],
  ["zstd", 4, zstdCompressSync(text)],
] as const;

describe.each(ALL)("%s", (_, codec, compressed) => {
  test("inflates to what was compressed", () => {
    expect(String(inflate(codec, compressed, text.length))).toBe(String(text));
  });

  test("is an error when it would pass the bound", () => {
    expect(() => inflate(codec, compressed, text.length - 1)).toThrow();
  });

  test("is an error when it is cut off", () => {
    for (const length of [1, 5, 25, Math.floor(compressed.length / 2)]) {
      expect(() => inflate(codec, compressed.subarray(0, length), 1_000_000)).toThrow();
    }
  });

  test("comes to an end within the bound, whatever bytes it is given", () => {
    const damage = fc.array(fc.tuple(fc.nat(compressed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Buffer.from(compressed);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          expect(inflate(codec, bytes, 5000).length).toBeLessThanOrEqual(5000);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).name).not.toBe("AssertionError");
        }
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ["a literal", 2, "05 10 6162636465", "abcde"],
  ["a literal whose length takes a byte", 2, "05 f004 6162636465", "abcde"],
  ["a copy with 11 bits of distance, which repeats itself", 2, "08 046162 0902", "abababab"],
  ["a copy with 16 bits of distance", 2, "08 046162 160200", "abababab"],
  ["a copy with 32 bits of distance", 2, "08 046162 1702000000", "abababab"],
  ["a block that was not compressed", 3, "04224d18 604000 03000080 616263 00000000", "abc"],
  [
    "a block with a checksum, and a content size",
    3,
    "04224d18 78400300000000000000 00 03000080 616263 ffffffff 00000000",
    "abc",
  ],
  ["a copy from an earlier block", 3, "04224d18 404000 02000080 6162 05000000 00020010 63 00000000", "abababc"],
])("by the letter of the formats: %s", (_, codec, hex, expected) => {
  expect(String(inflate(codec, Buffer.from(hex.replaceAll(" ", ""), "hex"), 100))).toBe(expected);
});
