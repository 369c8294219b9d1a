import { expect, test } from "vitest";
import { DAY_MS, EventClock } from "./event-clock.ts";

test("event time runs as many times as fast as the run", () => {
  const clock = new EventClock({ startMs: 1_000, speedup: 60, byDay: false });
  expect([0, 1, 500].map((ms) => clock.at(ms))).toEqual([1_000, 1_060, 31_000]);
});

test("by day it never goes back, and each day takes as long as it would", () => {
  const clock = new EventClock({ startMs: 0, speedup: 86_400, byDay: true });
  let before = -1;
  for (let runMs = 0; runMs <= 3_000; runMs += 1) {
    const timeMs = clock.at(runMs);
    expect(timeMs).toBeGreaterThanOrEqual(before);
    before = timeMs;
  }
  expect([0, 1_000, 2_000].map((ms) => clock.at(ms))).toEqual([0, DAY_MS, 2 * DAY_MS]);
  expect(clock.at(500)).toBeCloseTo(DAY_MS / 2, -4);
});

test("payments lie within a day as in the handbook's simulator: 8 % before 04:30, 22 % around noon", () => {
  const clock = new EventClock({ startMs: 0, speedup: 1, byDay: true });
  const hours = Array.from({ length: 10_000 }, (_, place) => clock.at(((place + 0.5) / 10_000) * DAY_MS) / 3_600_000);
  const share = (from: number, to: number): number => hours.filter((hour) => hour >= from && hour < to).length / 10_000;
  // Of the normal distribution around 43,200 s with a deviation of 20,000 s, cut off at 0 and 86,400 s.
  expect(share(0, 4.5)).toBeCloseTo(0.0754, 2);
  expect(share(10.5, 13.5)).toBeCloseTo(0.2196, 2);
});

test("a clock that stands still is refused", () => {
  expect(() => new EventClock({ startMs: 0, speedup: 0, byDay: false })).toThrow("speedup must be > 0, got 0");
});
