import { expect, test } from "vitest";
import { Health } from "./health.ts";

test("a watchdog is not judged before its first beat nor while it is paused", () => {
  let nowMs = 0;
  const health = new Health(() => nowMs);
  const loop = health.watchdog("loop", 100);
  nowMs = 1_000;
  expect(health.stuck()).toEqual([]);
  loop.beat();
  nowMs = 1_100;
  expect(health.stuck()).toEqual([]);
  nowMs = 1_101;
  expect(health.stuck()).toEqual([{ item: "loop", reason: "no progress for 101 ms, the limit is 100 ms" }]);
  loop.pause();
  expect(health.stuck()).toEqual([]);
});

test("two items or watchdogs of one name cannot be made", () => {
  const health = new Health();
  health.item("broker", "x");
  health.watchdog("loop", 1);
  expect(() => health.item("broker", "y")).toThrow("exists already");
  expect(() => health.watchdog("loop", 1)).toThrow("exists already");
  expect(() => health.watchdog("other", 0)).toThrow("watchdog limit must be > 0 ms, got 0");
});
