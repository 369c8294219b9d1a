import { MemoryBroker, MemoryLog } from "@weir/stream";
import { expect, test } from "vitest";
import { decisionLines, newestDecisions } from "./newest.ts";

const TOPIC = "fraud";

function aDecision(n: number, rule = "large-amount") {
  return {
    source: "alice",
    target: "shop",
    amount: 912.5,
    currency: "EUR",
    decision: {
      id: `in/0/${n}`,
      outcome: "decline" as const,
      score: 0.95,
      eventTime: n,
      order: n,
      ruleset: "r@1#00",
      reasons: [{ rule, score: 0.95, when: "amount >= 900", observed: { amount: 912.5 } }],
    },
  };
}

/** Of two partitions, each record a second after the one before. */
function topicOf(...values: readonly (object | string)[]): MemoryLog {
  const broker = new MemoryBroker();
  broker.createTopic(TOPIC, 2);
  for (const [index, value] of values.entries()) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    broker.produce({
      topic: TOPIC,
      partition: index % 2,
      key: null,
      value: Buffer.from(text),
      timestampMs: index * 1_000,
    });
  }
  return new MemoryLog(broker);
}

test("the newest of all partitions are told, the newest last", async () => {
  const log = topicOf(...[0, 1, 2, 3, 4].map((n) => aDecision(n)));
  const found = await newestDecisions(log, { topic: TOPIC, limit: 3, rule: null });
  expect(found.map(({ decision }) => decision.order)).toEqual([2, 3, 4]);
});

test("of one rule only those that it is a reason for, and nothing that Weir did not write", async () => {
  const log = topicOf(aDecision(0, "mine"), "no JSON", aDecision(1), { decision: 1 }, "null", aDecision(2, "mine"));
  const found = await newestDecisions(log, { topic: TOPIC, limit: 9, rule: "mine" });
  expect(found.map(({ decision }) => decision.order)).toEqual([0, 2]);
});

test("a decision is a line, each reason a sentence below it, without what would steer a terminal", () => {
  expect(decisionLines({ ...aDecision(7), target: "sh\u001b[2Jop" })).toEqual([
    "decline 0.95  912.5 EUR from alice to sh\ufffd[2Jop  in/0/7",
    "  large-amount scores 0.95: amount (912.5) >= 900",
  ]);
});
