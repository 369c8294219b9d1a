/** The part of vitest's JSON report that is counted. */
export type VitestReport = {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
};

export type Count = { readonly passed: number; readonly failed: number; readonly notRun: number };

/**
 * What a run of vitest comes to. A file that could not be loaded has no tests in the report and counts as one failure,
 * as does a run that ended badly for another reason (an error between tests, no report at all).
 */
export function countVitest(report: VitestReport | null, exitCode: number | null): Count {
  const passed = report?.numPassedTests ?? 0;
  const broken = (report?.testResults ?? []).filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const failed = (report?.numFailedTests ?? 0) + broken;
  const unexplained = failed === 0 && exitCode !== 0 ? 1 : 0;
  return {
    passed,
    failed: failed + unexplained,
    notRun: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

/** Any check that is one thing: a formatter, the type checker. */
export function countCheck(exitCode: number | null): Count {
  return exitCode === 0 ? { passed: 1, failed: 0, notRun: 0 } : { passed: 0, failed: 1, notRun: 0 };
}

export function total(counts: readonly Count[]): Count {
  const sum = (of: (count: Count) => number): number => counts.reduce((before, count) => before + of(count), 0);
  return { passed: sum((c) => c.passed), failed: sum((c) => c.failed), notRun: sum((c) => c.notRun) };
}
