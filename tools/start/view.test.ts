import { expect, test } from "vitest";
import { clock } from "../cli/format.ts";
import { parsePrometheus } from "../process/prometheus.ts";
import { numbersBetween, type Reading, readingOf } from "./numbers.ts";
import { type Frame, liveLines, plainLine } from "./view.ts";

function aReading(reading: Partial<Reading> = {}): Reading {
  return {
    atMs: 0,
    sent: 0,
    behind: 0,
    givenUp: 0,
    decided: 0,
    outcomes: new Map(),
    rejected: new Map(),
    labels: new Map(),
    lags: new Map(),
    lagSeconds: 0,
    latency: new Map(),
    ...reading,
  };
}

const earlier = aReading({ atMs: 1000, sent: 1000, decided: 900, outcomes: new Map([["approve", 900]]) });
const later = aReading({
  atMs: 3000,
  sent: 3000,
  decided: 2912,
  outcomes: new Map([
    ["approve", 2500],
    ["review", 100],
    ["decline", 300],
  ]),
  rejected: new Map([["malformed", 12]]),
  lags: new Map([
    ["gate", 80],
    ["source", 8],
  ]),
  lagSeconds: 0.12,
  latency: new Map([
    [0.01, 50],
    [0.1, 100],
    [Number.POSITIVE_INFINITY, 100],
  ]),
});

function aFrame(frame: Partial<Frame> = {}): Frame {
  return {
    elapsedMs: 65_000,
    phase: "running",
    forMs: null,
    ruleset: "rulesets/starter.yaml",
    stages: ["gate", "source"],
    numbers: numbersBetween(earlier, later),
    places: [["generator", "http://127.0.0.1:4001/metrics"]],
    ...frame,
  };
}

test("rates and latencies are those between two readings, totals those of the later", () => {
  expect(numbersBetween(earlier, later)).toMatchObject({
    sent: 3000,
    sentPerSecond: 1000,
    decided: 2912,
    decidedPerSecond: 1006,
    p50Ms: 10,
    lag: 88,
  });
});

test("a reading adds up the detectors and leaves out reasons that never occurred", () => {
  const detector = parsePrometheus(
    [
      "weir_transactions_total 6",
      'weir_decisions_total{outcome="approve"} 5',
      'weir_rejected_total{reason="malformed"} 1',
      'weir_rejected_total{reason="internal"} 0',
      'weir_lag_transactions{stage="gate",partition="0"} 3',
      'weir_lag_transactions{stage="gate",partition="1"} 4',
      'weir_lag_transactions{stage="source",partition="1"} 1',
      'weir_lag_seconds{stage="gate"} 0.5',
      'weir_lag_seconds{stage="source"} 0.2',
      'weir_labels_total{stage="target",result="matched"} 6',
    ].join("\n"),
  );
  const reading = readingOf(7, parsePrometheus("weir_generator_transactions_total 20"), [detector, detector]);
  expect(reading).toMatchObject({ atMs: 7, sent: 20, decided: 12, lagSeconds: 0.5 });
  expect([...reading.lags]).toEqual([
    ["gate", 14],
    ["source", 2],
  ]);
  expect([...reading.labels]).toEqual([["matched", 12]]);
  expect([...reading.outcomes]).toEqual([["approve", 10]]);
  expect([...reading.rejected]).toEqual([["malformed", 2]]);
});

test("the live view", () => {
  expect(liveLines(aFrame(), 80)).toEqual([
    "",
    "  Weir  running 01:05   rulesets/starter.yaml   Ctrl-C stops",
    "",
    "  in             1,000 /s   3,000 sent",
    "  decided        1,006 /s   2,912 decided",
    "  lag                  88   gate 80 > source 8, 0.12 s old",
    "  latency     p50 10.0 ms   p99 98.2 ms",
    "",
    "  approve           2,500   85.9 %",
    "  review              100   3.4 %",
    "  decline             300   10.3 %",
    "  rejected             12   malformed 12",
    "",
    "  generator  http://127.0.0.1:4001/metrics",
    "",
  ]);
});

test("no line of the live view is as wide as the terminal, where it would wrap", () => {
  for (const columns of [10, 40, 80]) {
    expect(liveLines(aFrame(), columns).every((line) => line.length < columns)).toBe(true);
  }
});

test("a generator that does not keep its rate is told, and one that nearly does is not", () => {
  const told = (behind: number, givenUp: number): string | undefined =>
    liveLines(aFrame({ numbers: { ...numbersBetween(earlier, later), behind, givenUp } }), 80)[3];
  expect(told(100, 0)).toBe("  in             1,000 /s   3,000 sent");
  expect(told(2_000, 0)).toBe("  in             1,000 /s   3,000 sent, 2,000 behind");
  expect(told(2_000, 70_000)).toBe("  in             1,000 /s   3,000 sent, 2,000 behind, 70,000 given up");
});

test("what stops it is told only while it can", () => {
  const title = (phase: string): string | undefined => liveLines(aFrame({ phase }), 80)[1];
  expect(title("draining")).toBe("  Weir  draining 01:05   rulesets/starter.yaml   a second Ctrl-C does not wait");
  expect(title("stopped")).toBe("  Weir  stopped 01:05   rulesets/starter.yaml");
});

test("before the first numbers the view says that it waits, and when it will stop", () => {
  const lines = liveLines(aFrame({ numbers: null, forMs: 3_600_000 }), 80);
  expect(lines[1]).toBe("  Weir  running 01:05   rulesets/starter.yaml   stops at 1:00:00");
  expect(lines).toContain("  waiting for the first numbers");
});

test("the plain line", () => {
  expect(plainLine(aFrame())).toBe(
    "01:05 running  in 1,000/s  decided 1,006/s  approve 2,500  review 100  decline 300  " +
      "rejected 12 (malformed 12)  lag 88 gate 80 > source 8  p50 10.0 ms p99 98.2 ms",
  );
  expect(plainLine(aFrame({ numbers: numbersBetween(earlier, earlier) }))).toContain("p50 - p99 -");
});

test("times are minutes and seconds, with hours when there are some", () => {
  expect([0, 59_999, 60_000, 3_599_000, 3_600_000].map(clock)).toEqual(["00:00", "00:59", "01:00", "59:59", "1:00:00"]);
});
