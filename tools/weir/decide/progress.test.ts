import { expect, test } from "vitest";
import { progressLine } from "./progress.ts";

test("progress is rows, their rate, the share of the file and the time that is left", () => {
  expect(progressLine({ rows: 50_000, bytesRead: 250, sizeBytes: 1000 }, 20_000)).toBe(
    "50,000 rows  2,500/s  25.0 %  01:00 left",
  );
});

test("with nothing read yet, or all of it, there is no time left to tell", () => {
  expect(progressLine({ rows: 0, bytesRead: 0, sizeBytes: 1000 }, 1000)).toBe("0 rows  0/s  0.0 %");
  expect(progressLine({ rows: 7, bytesRead: 1000, sizeBytes: 1000 }, 1000)).toBe("7 rows  7/s  100.0 %");
  expect(progressLine({ rows: 0, bytesRead: 0, sizeBytes: 0 }, 1000)).toBe("0 rows  0/s  ");
});
