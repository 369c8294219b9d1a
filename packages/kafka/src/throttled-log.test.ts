import { expect, test } from "vitest";
import { throttledLog } from "./throttled-log.ts";

test("a warning is repeated after five seconds at the earliest, with the number held back; other levels pass", () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const log = throttledLog(
    (...line) => lines.push(line),
    () => nowMs,
  );
  for (nowMs = 0; nowMs <= 6000; nowMs += 1000) log("warn", "away", { nowMs });
  log("warn", "other", {});
  for (let turn = 0; turn < 2; turn++) log("error", "away", { turn });
  expect(lines).toEqual([
    ["warn", "away", { nowMs: 0 }],
    ["warn", "away", { nowMs: 5000, heldBack: 4 }],
    ["warn", "other", {}],
    ["error", "away", { turn: 0 }],
    ["error", "away", { turn: 1 }],
  ]);
});
