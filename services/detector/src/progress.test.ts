import { expect, test } from "vitest";
import { reasonUnready, restored } from "./progress.ts";

const snapshot = { what: "snapshot", done: 300_000, of: 1_000_000 } as const;
const replay = { what: "replay", done: 1_000, of: 4_000 } as const;

test("a stage that is not ready says of each partition what it waits for, and how far a restore is", () => {
  expect(
    reasonUnready([
      { partition: 0, phase: "running", restoring: null },
      { partition: 1, phase: "fencing", restoring: null },
      { partition: 2, phase: "settling", restoring: snapshot },
      { partition: 3, phase: "settling", restoring: replay },
    ]),
  ).toBe(
    "partition 1 is fencing; partition 2 restores its snapshot, 300,000 of 1,000,000; " +
      "partition 3 replays the log, 1,000 of 4,000",
  );
  expect(reasonUnready([{ partition: 0, phase: "running", restoring: null }])).toBeNull();
});

test("the progress of a stage is that of what it restores, and 1 when it restores nothing", () => {
  expect(restored([{ restoring: snapshot }, { restoring: replay }, { restoring: null }])).toBeCloseTo(301 / 1004, 9);
  expect([restored([]), restored([{ restoring: null }])]).toEqual([1, 1]);
});
