import { expect, test } from "vitest";
import { runWorld } from "./run.ts";

const WORLDS = 50;
const EVENTS = 2_000;

test("100,000 transactions and labels of 50 worlds: every answer is the oracle's, through snapshots and restores", () => {
  let [events, restores] = [0, 0];
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const result = runWorld(seed, EVENTS);
    expect(result.difference).toBeNull();
    events += result.events;
    restores += result.restores;
  }
  expect(events).toBe(100_000);
  expect(restores).toBeGreaterThan(100);
});
