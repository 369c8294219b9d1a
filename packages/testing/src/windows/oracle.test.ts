import { expect, test } from "vitest";
import { runWorld } from "./run.ts";

const EVENTS = 2_000;

/** Worlds that were once answered wrongly, as far as they have to go to show it. */
test.each([
  // A label of an event whose place in the blocks had been another's of the same busy key.
  [70, 19_646],
])(
  "world %i, %i events long, is answered as the oracle does",
  (seed, events) => {
    expect(runWorld(seed, events).difference).toBeNull();
  },
  60_000,
);

/** Ten worlds a time, 100,000 transactions and labels in all; `npm run oracle` takes as many as one likes. */
test.each([1, 11, 21, 31, 41])(
  "20,000 transactions and labels from world %i on: every answer is the oracle's, through snapshots and restores",
  (first) => {
    let [events, restores] = [0, 0];
    for (let seed = first; seed < first + 10; seed += 1) {
      const result = runWorld(seed, EVENTS);
      expect(result.difference).toBeNull();
      events += result.events;
      restores += result.restores;
    }
    expect(events).toBe(10 * EVENTS);
    expect(restores).toBeGreaterThan(10);
  },
  60_000,
);
