import { Value } from "typebox/value";
import { expect, test } from "vitest";
import { DecidedTransaction, Decision } from "./decision.ts";
import { REJECTED_HEADERS, Rejected, RejectedReference, rejectedHeaders } from "./rejected.ts";
import { decisionId, stateTopic, TOPICS } from "./topics.ts";

const decision = {
  id: "queueing.transactions/3/42",
  outcome: "decline",
  score: 0.95,
  eventTime: 1_700_000_000_000,
  order: 42,
  ruleset: "card-payments@3#9f86d081",
  reasons: [{ rule: "large-amount", score: 0.95, when: "amount >= 900", observed: { amount: 900 } }],
};

test("a decision fits its schema, flagged late and with features or not", () => {
  expect(Value.Check(Decision, decision)).toBe(true);
  expect(Value.Check(Decision, { ...decision, late: true, features: { count_1h: 3 } })).toBe(true);
});

test.each([
  { outcome: "maybe" },
  { score: 1.01 },
  { ruleset: "card-payments" },
  { id: "42" },
  { late: false },
  { features: { count_1h: "3" } },
  { order: 0.5 },
])("a decision with %j does not fit", (wrong) => {
  expect(Value.Check(Decision, { ...decision, ...wrong })).toBe(false);
});

test("an output is the input with a decision", () => {
  const input = { source: "a", target: "b", amount: 1, currency: "EUR", anything: [1] };
  expect(Value.Check(DecidedTransaction, { ...input, decision })).toBe(true);
  expect(Value.Check(DecidedTransaction, input)).toBe(false);
});

test("the headers of a rejected record say what the schema says", () => {
  const rejected: Rejected = {
    reason: "malformed",
    origin: decisionId(TOPICS.transactions, 0, 7),
    faults: [{ field: "amount", expected: "number > 0", got: "null" }],
    engine: "0.1.0",
  };
  const texts = new Map(rejectedHeaders(rejected).map(([name, value]) => [name, value?.toString() ?? ""]));
  const read = {
    reason: texts.get(REJECTED_HEADERS.reason),
    origin: texts.get(REJECTED_HEADERS.origin),
    faults: JSON.parse(texts.get(REJECTED_HEADERS.faults) ?? ""),
    engine: texts.get(REJECTED_HEADERS.engine),
  };
  expect(read).toEqual(rejected);
  expect(Value.Check(Rejected, read)).toBe(true);
  expect(Value.Check(RejectedReference, { sha256: "0".repeat(64), size: 70_000, origin: rejected.origin })).toBe(true);
});

test("names of topics and ids are those that others rely on", () => {
  expect(decisionId("queueing.transactions", 3, 42)).toBe("queueing.transactions/3/42");
  expect(stateTopic("weir", TOPICS.transactions)).toBe("weir.state.queueing.transactions");
  expect(TOPICS.legit).toBe("streaming.transactions.legit");
});
