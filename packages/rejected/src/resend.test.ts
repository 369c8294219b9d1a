import { partitionFor, REPLAY_HEADER, TOPICS } from "@weir/schema";
import { describe, expect, test } from "vitest";
import type { Fixed } from "./fixed.ts";
import { aLetter, aPayment } from "./letters.fixture.ts";
import { planResend, type ResendTarget } from "./resend.ts";

const NOW_MS = 1_000_000;
const inputs = (change: Partial<ResendTarget> = {}): ResendTarget[] => [
  { topic: TOPICS.transactions, holds: "transactions", partitions: 7, retentionMs: null, ...change },
  { topic: TOPICS.labels, holds: "labels", partitions: 3, retentionMs: null },
];

const fixedTo = (payload: string, key?: Buffer | null): Fixed => ({
  origin: aLetter().origin,
  payload: Buffer.from(payload),
  key,
});

function plan(letter = aLetter(), fixed: Fixed | null = null, targets = inputs()) {
  return planResend({ letter, fixed, targets, nowMs: NOW_MS });
}

function recordOf(...args: Parameters<typeof plan>) {
  const planned = plan(...args);
  if (!planned.ok) throw new Error(planned.why);
  return planned.resend.record;
}

test("key, value and the producer's headers go as they were, with one header that names the origin", () => {
  const headers = [["traceparent", Buffer.from("00-1")]] as const;
  const value = Buffer.from([0xff, 0xfe]);
  const record = recordOf(aLetter({ headers, value, origin: `${TOPICS.transactions}/2/9` }));
  expect(record).toMatchObject({ topic: TOPICS.transactions, key: Buffer.from("ann"), value });
  expect(record.headers).toEqual([...headers, [REPLAY_HEADER, Buffer.from(`${TOPICS.transactions}/2/9`)]]);
});

test("a letter that was a replay already names the nearest origin, once", () => {
  const names = recordOf(aLetter({ replayOf: `${TOPICS.transactions}/0/1` })).headers.map(([name]) => name);
  expect(names).toEqual([REPLAY_HEADER]);
});

describe("it goes to the partition", () => {
  test("of its source, whatever its key, since that is where a keyed input must have it", () => {
    const letter = aLetter({
      reason: "misrouted",
      key: Buffer.from("else"),
      value: Buffer.from(aPayment({ source: "zoe" })),
    });
    expect(recordOf(letter).partition).toBe(partitionFor("zoe", 7));
  });
  test("of its key when its source cannot be read", () => {
    expect(recordOf(aLetter({ value: Buffer.from("{") })).partition).toBe(partitionFor("ann", 7));
  });
  test("that it lay in when it has neither", () => {
    const letter = aLetter({ value: null, key: null, origin: `${TOPICS.transactions}/9/1` });
    expect(recordOf(letter).partition).toBe(2);
  });
});

describe("the event keeps its time", () => {
  test("a record with a time in it is stamped anew, so that a clock that ran ahead can be caught up with", () => {
    const value = Buffer.from(aPayment({ timestamp: 500 }));
    expect(recordOf(aLetter({ value, timestampMs: 10 })).timestampMs).toBe(-1);
  });
  test("a record without one keeps its own timestamp, which is the event's", () => {
    expect(recordOf(aLetter({ timestampMs: 10 })).timestampMs).toBe(10);
  });
  test("one that is older than the input keeps is refused, since it might be deleted undecided", () => {
    const keeping = inputs({ retentionMs: 1000 });
    expect(plan(aLetter({ timestampMs: NOW_MS - 1000 }), null, keeping)).toMatchObject({ ok: false });
    expect(plan(aLetter({ timestampMs: NOW_MS - 999 }), null, keeping)).toMatchObject({ ok: true });
    const dated = aLetter({ timestampMs: 1, value: Buffer.from(aPayment({ timestamp: 1 })) });
    expect(plan(dated, null, keeping)).toMatchObject({ ok: true });
  });
});

describe("fixed", () => {
  test("its payload goes in place of the letter's, with the letter's key and headers unless it has a key", () => {
    const payload = aPayment({ amount: 7 });
    expect(recordOf(aLetter(), fixedTo(payload))).toMatchObject({
      value: Buffer.from(payload),
      key: Buffer.from("ann"),
    });
    expect(recordOf(aLetter(), fixedTo(payload, null)).key).toBeNull();
  });
  test("one that is still malformed is refused, and nothing of it is told", () => {
    const planned = plan(aLetter(), fixedTo(aPayment({ amount: "secret" })));
    expect(planned).toMatchObject({ ok: false, why: expect.stringMatching(/malformed: amount: expected/) });
    expect(JSON.stringify(planned)).not.toContain("secret");
  });
  test("a reference that is too large can be replaced", () => {
    expect(plan(aLetter({ isReference: true }), fixedTo(aPayment()))).toMatchObject({ ok: true });
  });
});

test.each([
  ["foreign", { origin: "weir.by-source/0/3" }, "it was never in an input topic, but in weir.by-source"],
  ["too_large", { isReference: true }, "only a reference is in the rejected topic"],
  [
    "duplicate",
    { duplicateOf: "queueing.transactions/1/1" },
    "its id was decided before, as queueing.transactions/1/1",
  ],
  ["duplicate_conflict", {}, "its id was decided before"],
])("original bytes of %s are refused", (reason, letter, why) => {
  expect(plan(aLetter({ reason, ...letter }))).toMatchObject({ ok: false, why: expect.stringContaining(why) });
});

test.each(["duplicate", "duplicate_conflict"])("%s can go with another id, and not with the same one", (reason) => {
  const letter = aLetter({ reason, value: Buffer.from(aPayment({ id: "p1" })) });
  expect(plan(letter, fixedTo(aPayment({ id: "p1", amount: 1 })))).toMatchObject({ ok: false });
  expect(plan(letter, fixedTo(aPayment({ id: "p2" })))).toMatchObject({ ok: true });
});

test("a label goes back to the labels' topic, by its source", () => {
  const label = { transaction: "t", source: "ann", target: "b", timestamp: 1, fraud: true, labelledAt: 2 };
  const letter = aLetter({ origin: `${TOPICS.labels}/0/1`, value: Buffer.from(JSON.stringify(label)), key: null });
  expect(recordOf(letter)).toMatchObject({ topic: TOPICS.labels, partition: partitionFor("ann", 3) });
});
