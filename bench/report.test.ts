import { expect, test } from "vitest";
import { markdownTable, median, summaries } from "./report.ts";
import type { Run } from "./throughput.ts";

function aRun(given: Partial<Run>): Run {
  return {
    kind: "throughput",
    round: "1",
    job: "split",
    contender: "weir",
    messages: 1000,
    partitions: 4,
    keys: 100,
    spanMs: 1000,
    processes: 1,
    perSecond: 100,
    cpuUs: 10,
    brokerCpuUs: 5,
    peakMb: 100,
    bytes: 300,
    spinMs: 300,
    split: { legit: 900, fraud: 100 },
    ...given,
  };
}

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("Weir is compared with a peer within a round, so that a slow round is everybody's", () => {
  const runs = [
    aRun({ round: "1", perSecond: 300 }),
    aRun({ round: "1", perSecond: 100, contender: "peer" }),
    aRun({ round: "2", perSecond: 30 }),
    aRun({ round: "2", perSecond: 10, contender: "peer" }),
    aRun({ round: "3", perSecond: 80 }),
    aRun({ round: "3", perSecond: 40, contender: "peer" }),
  ];
  const [weir, peer] = summaries(runs);
  expect(weir).toMatchObject({ contender: "weir", rounds: 3, perSecond: 80, weirIsTimes: null });
  expect(peer).toMatchObject({ contender: "peer", rounds: 3, perSecond: 40, weirIsTimes: 3 });
});

test("a peer that never ran beside Weir has no ratio", () => {
  expect(summaries([aRun({ contender: "peer" })])[0]?.weirIsTimes).toBeNull();
});

test("a table's columns are as wide as their widest cell", () => {
  expect(
    markdownTable([
      ["what", "n"],
      ["a", "1,000"],
    ]),
  ).toBe(["| what |     n |", "| ---- | ----: |", "| a    | 1,000 |"].join("\n"));
});
