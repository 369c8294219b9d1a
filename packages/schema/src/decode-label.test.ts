import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeLabel } from "./decode-label.ts";

const label = {
  transaction: "t",
  source: "a",
  target: "b",
  timestamp: 5,
  fraud: true,
  labelledAt: "1970-01-01T00:00:01Z",
};
const decode = (members: Readonly<Record<string, unknown>>) =>
  decodeLabel(Buffer.from(JSON.stringify({ ...label, ...members })));

test("a label decodes, unknown members or not", () => {
  const expected = { transaction: "t", source: "a", target: "b", timestampMs: 5, fraud: true, labelledAtMs: 1000 };
  expect(decode({ analyst: "x", decision: 1 })).toEqual({ ok: true, label: expected });
  expect(decode({ fraud: false })).toEqual({ ok: true, label: { ...expected, fraud: false } });
});

test.each(Object.keys(label))("a label without %s is a fault, and null is no better", (name) => {
  expect(decode({ [name]: undefined })).toMatchObject({ ok: false, faults: [{ field: name, got: "nothing" }] });
  expect(decode({ [name]: null })).toMatchObject({ ok: false, faults: [{ field: name, got: "null" }] });
});

test("every fault of a label is told at once", () => {
  const result = decode({ transaction: "", source: 1, fraud: "true", timestamp: -1, labelledAt: "yesterday" });
  expect(result.ok ? [] : result.faults.map(({ field, got }) => `${field}: ${got}`)).toEqual([
    "transaction: empty string",
    "source: number",
    "timestamp: negative number",
    "fraud: string of 4 characters",
    "labelledAt: string of 9 characters",
  ]);
});

test("no bytes make it throw, and a tombstone is a fault", () => {
  expect(decodeLabel(null)).toMatchObject({ ok: false, faults: [{ field: "$" }] });
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(decodeLabel(Buffer.from(bytes)).ok).toBe(false);
    }),
  );
});
