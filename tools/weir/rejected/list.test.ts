import { type LetterRow, listed } from "@weir/rejected";
import { expect, test } from "vitest";
import { instant } from "../../cli/instant.ts";
import { listText } from "./list.ts";

const row = (change: Partial<LetterRow> = {}): LetterRow => ({
  origin: "queueing.transactions/0/7",
  partition: 1,
  offset: 2,
  timestampMs: 1_700_000_000_000,
  reason: "malformed",
  replayOf: null,
  firstFault: { field: "amount", expected: "number > 0", got: "null" },
  bytes: 87,
  ...change,
});

test("a list has a line for each, totals by reason, and what is not Weir's", () => {
  const totals = new Map([
    ["internal", 1],
    ["malformed", 1_200],
  ]);
  const rows = [row(), row({ origin: "a/0/1", timestampMs: -1, firstFault: null, reason: "internal", bytes: 1_000 })];
  const lines = listText(rows, totals, 3, "newest").split("\n");
  expect(lines.map((line) => line.trimEnd().replace(/ {2,}/g, " | "))).toEqual([
    "origin | time | reason | first fault | bytes",
    "queueing.transactions/0/7 | 2023-11-14T22:13:20.000Z | malformed | amount: expected number > 0, got null | 87",
    "a/0/1 | none | internal | 1000",
    "",
    "2 of 1,201 shown, the newest first",
    " | malformed | 1,200",
    " | internal | 1",
    "3 records in the topic were not written by Weir",
  ]);
  expect(new Set(lines.slice(0, 3).map((line) => line.length)).size).toBe(1);
});

test("a fault that somebody forged cannot steer a terminal", () => {
  const forged = row({ firstFault: { field: "\u001b[2J", expected: "a\nb", got: "c" } });
  const told = listText([forged], new Map([["malformed", 1]]), 0, "newest");
  expect(told).toContain("\ufffd[2J: expected a\ufffdb, got c");
});

test("an empty topic says so", () => {
  expect(listText([], new Map(), 0, "newest")).toBe("nothing was rejected, or nothing is kept any more");
});

test("as JSON it is one document, with the place in the rejected topic", () => {
  expect(listed([row()], new Map([["malformed", 1]]), 0)).toEqual({
    rejected: [
      {
        origin: "queueing.transactions/0/7",
        reason: "malformed",
        replayOf: null,
        firstFault: { field: "amount", expected: "number > 0", got: "null" },
        bytes: 87,
        at: { partition: 1, offset: 2 },
        timestamp: "2023-11-14T22:13:20.000Z",
      },
    ],
    totals: { malformed: 1 },
    others: 0,
  });
});

test.each([
  ["2h", 1_000_000_000 - 7_200_000],
  ["0s", 1_000_000_000],
  ["1970-01-02", 86_400_000],
  ["1970-01-01T00:00:01Z", 1_000],
  ["1970-01-01T01:00:01.5+01:00", 1_500],
])("%s is a moment", (given, timeMs) => {
  expect(instant("", () => 1_000_000_000).parse(given)).toEqual({ value: timeMs });
});

test.each(["", "yesterday", "2026-13-01", "1970-01-01T00:00:01", "5"])("%j is none", (given) => {
  expect(instant("").parse(given)).toHaveProperty("fault");
});
