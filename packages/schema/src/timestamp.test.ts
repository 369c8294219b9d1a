import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTransaction } from "./decode-transaction.ts";
import { MAX_TIMESTAMP_MS, parseTimestamp } from "./timestamp.ts";
import { aMessage } from "./transaction.fixture.ts";

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["2024-02-29T23:59:59Z", 1_709_251_199_000],
  ["2024-02-29T23:59:59.9Z", 1_709_251_199_900],
  ["2024-02-29T23:59:59.123999999Z", 1_709_251_199_123],
  ["2024-03-01T00:59:59+01:00", 1_709_251_199_000],
  ["2024-02-29T18:29:59-05:30", 1_709_251_199_000],
  ["1969-12-31T23:30:00-00:30", 0],
  ["2000-02-29T00:00:00-00:00", 951_782_400_000],
  ["9999-12-31T23:59:59.999Z", MAX_TIMESTAMP_MS],
])("%s is %d", (text, ms) => {
  expect(parseTimestamp(text)).toBe(ms);
});

test.each([
  "",
  "2024-03-01",
  "2024-03-01T12:00:00",
  "2024-03-01T12:00Z",
  "2024-03-01 12:00:00Z",
  "2024-03-01t12:00:00z",
  "2024-03-01T12:00:00.Z",
  "2024-03-01T12:00:00.1234567890Z",
  "2024-03-01T12:00:00,5Z",
  "2024-03-01T12:00:00+0100",
  "2024-03-01T12:00:00+24:00",
  "2024-03-01T12:00:00+01:60",
  "2024-03-01T12:00:00Z ",
  "2024-03-01T12:00:00Z\n",
  "2023-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2024-04-31T00:00:00Z",
  "2024-00-01T00:00:00Z",
  "2024-13-01T00:00:00Z",
  "2024-01-00T00:00:00Z",
  "2024-01-32T00:00:00Z",
  "2024-01-01T24:00:00Z",
  "2024-01-01T00:60:00Z",
  "2016-12-31T23:59:60Z",
  "1969-12-31T23:59:59Z",
  "0050-01-01T00:00:00Z",
  "1970-01-01T00:00:00+00:01",
  "9999-12-31T23:59:59-00:01",
  "+012024-01-01T00:00:00Z",
  "٢٠٢٤-03-01T12:00:00Z",
])("%j is no timestamp", (text) => {
  expect(parseTimestamp(text)).toBeNaN();
});

test("any instant written by toISOString comes back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_TIMESTAMP_MS }), (ms) => {
      expect(parseTimestamp(new Date(ms).toISOString())).toBe(ms);
    }),
  );
});

test.each([
  ["0", 0],
  ["-0", 0],
  ["1700000000000", 1_700_000_000_000],
  ["1700000000000.0", 1_700_000_000_000],
  ["1.7e12", 1_700_000_000_000],
  ["253402300799999", MAX_TIMESTAMP_MS],
  ["253402300800000", "larger number"],
  ["1e400", "larger number"],
  ["-1", "negative number"],
  ["1700000000000.123", "number with 3 decimals"],
  ["true", "boolean"],
  ['"1700000000000"', "string of 13 characters"],
])("a timestamp of %s is %j", (json, expected) => {
  const result = decodeTransaction(Buffer.from(aMessage().toString().replace("{", `{"timestamp":${json},`)));
  expect(result.ok ? result.transaction.timestampMs : result.faults.map(({ got }) => got).join()).toBe(expected);
});
