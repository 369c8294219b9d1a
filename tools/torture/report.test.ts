import { expect, test } from "vitest";
import { describe } from "./report.ts";

test("a table has a line for each fault and each finding, and the first few of what was found", () => {
  const clean = { lost: [], doubled: [], disordered: [], wrong: [], unexplained: [], state: [], undecided: [] };
  const table = describe({
    verdict: { inputs: 90, outputs: 88, rejected: 7, recounted: 80, ...clean, lost: ["a/0/1", "a/0/2"] },
    wentOnMs: new Map([
      ["kill", [7_000.4, 9_000]],
      ["cut", [40]],
    ]),
    exitsMs: [300],
    late: ["kill: too late"],
    faults: [],
    clean: false,
  });
  expect(table).toMatch(/^kill +2 +9000 +9000 +11000$/m);
  expect(table).toMatch(/^delay +0 +- +- +-$/m);
  expect(table).toContain("2 faults of processes, 1 of brokers and network");
  expect(table).toMatch(/^lost +2\n {2}a\/0\/1\n {2}a\/0\/2\ndoubled +0$/m);
  expect(table).toMatch(/^late +1\n {2}kill: too late$/m);
});
