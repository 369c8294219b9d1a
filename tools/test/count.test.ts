import { expect, test } from "vitest";
import { countCheck, countVitest, total, type VitestReport } from "./count.ts";

function aReport(report: Partial<VitestReport> = {}): VitestReport {
  return { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [], ...report };
}

test("passed, failed and not run are vitest's own counts", () => {
  const report = aReport({ numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 });
  expect(countVitest(report, 1)).toEqual({ passed: 3, failed: 2, notRun: 2 });
});

test("a file that could not be loaded counts as a failure", () => {
  const report = aReport({ testResults: [{ status: "failed", assertionResults: [] }] });
  expect(countVitest(report, 1)).toEqual({ passed: 3, failed: 1, notRun: 0 });
});

test("a run without a report, and one that ended badly with all tests passed, count as a failure", () => {
  expect(countVitest(null, 1).failed).toBe(1);
  expect(countVitest(null, null).failed).toBe(1);
  expect(countVitest(aReport(), 1).failed).toBe(1);
});

test("checks count as one each", () => {
  expect(total([countCheck(0), countCheck(2), countVitest(aReport(), 0)])).toEqual({
    passed: 4,
    failed: 1,
    notRun: 0,
  });
});
