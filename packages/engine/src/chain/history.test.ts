/** What a decision says of a history that does not reach back far enough. */
import { describe, expect, test } from "vitest";
import { Flow, NOW_MS } from "./chain.fixture.ts";

const BEGINS = Number.MAX_SAFE_INTEGER;
const HOUR_MS = 3_600_000;
const thresholds = "thresholds: { review: 0.6, decline: 0.9 }";
const BY_SOURCE = `
name: one
version: 1
features: { sent: { by: source, count: true, over: 1h } }
rules: [{ id: busy, when: sent > 2, score: 0.7 }]
${thresholds}
`;
const BOTH = `
name: both
version: 1
features: { sent: { by: source, count: true, over: 1h }, got: { by: target, count: true, over: 30m, delay: 30m } }
rules: [{ id: busy, when: sent > 2 && got > 2, score: 0.7 }]
${thresholds}
`;
const THRESHOLD = `
name: threshold
version: 1
rules: [{ id: large, when: amount > 5, score: 0.7 }]
${thresholds}
`;

/** What the decision on a transaction so long after NOW_MS says. */
function said(flow: Flow, afterMs: number, partition = 0): unknown {
  const before = flow.decisions().length;
  flow.send({ timestamp: NOW_MS + afterMs }, { timestampMs: NOW_MS + afterMs }, partition);
  return flow.decisions()[before]?.historySince;
}

describe("a decision says since when history is known", () => {
  test.each([
    ["the only stage", BY_SOURCE, true, "decide"],
    ["the stage by source", BOTH, false, "source"],
    ["the stage by source that reads the input", BOTH, true, "source"],
    ["the stage by target", BOTH, false, "target"],
    ["the gate, which has not always been there", BOTH, false, "gate"],
  ])(
    "where %s does not know it all, until its longest window reaches back no further",
    (_, ruleset, inputKeyed, stage) => {
      const flow = new Flow(ruleset, { inputKeyed });
      flow.restored(stage, BEGINS);
      expect(said(flow, 0)).toBe(NOW_MS);
      expect(said(flow, 60_000)).toBe(NOW_MS);
      expect(said(flow, -1_000)).toBe(NOW_MS);
      expect(said(flow, HOUR_MS - 1)).toBe(NOW_MS);
      expect(said(flow, HOUR_MS)).toBeUndefined();
      expect(flow.historySinceMs(stage)).toBe(NOW_MS);
    },
  );

  test("not where all is known, nor where nothing of the past is asked", () => {
    expect(said(new Flow(BOTH), 0)).toBeUndefined();
    const flow = new Flow(THRESHOLD);
    flow.restored("decide", BEGINS);
    expect(said(flow, 0)).toBeUndefined();
    expect(said(flow, -5_000)).toBeUndefined();
  });

  test("as it was before a restart", () => {
    const flow = new Flow(BOTH);
    flow.restored("source", NOW_MS - 1_000);
    expect(said(flow, 0)).toBe(NOW_MS - 1_000);
  });

  test("the latest that any stage says", () => {
    const flow = new Flow(BOTH);
    flow.restored("source", NOW_MS - 1_000);
    flow.restored("target", NOW_MS - 2_000);
    expect(said(flow, 0)).toBe(NOW_MS - 1_000);
  });

  test("of every partition that writes into its log, from the first record of each", () => {
    const flow = new Flow(BOTH);
    flow.restored("gate", NOW_MS - 2_000, 0);
    flow.restored("gate", NOW_MS - 1_000, 1);
    expect(said(flow, 0, 0)).toBe(NOW_MS - 2_000);
    flow.logs.get("queueing.transactions")?.push([]);
    expect(said(flow, 1, 1)).toBe(NOW_MS - 1_000);
    expect(said(flow, 2, 0)).toBe(NOW_MS - 1_000);
  });
});
