import { expect, test } from "vitest";
import { describe } from "./report.ts";

test("of a rolling update it has the longest pauses, and no faults that there were not", () => {
  const clean = { lost: [], doubled: [], disordered: [], wrong: [], unexplained: [], state: [], undecided: [] };
  const table = describe({
    verdict: { inputs: 90, outputs: 90, rejected: 0, recounted: 80, ...clean },
    wentOnMs: new Map(),
    exitsMs: [300, 200, 250],
    witnessMs: [],
    paused: { quiet: { place: "a/0", ms: 150.4 }, rolled: { place: "b/3", ms: 1_200 } },
    late: [],
    faults: [],
    clean: true,
  });
  expect(table).toContain(
    "longest pause of a partition: rolled 1200 ms, of b/3; before it 150 ms, of a/0; promised 5000 ms",
  );
  expect(table).not.toContain("kill");
});

test("a table has a line for each fault and each finding, and the first few of what was found", () => {
  const clean = { lost: [], doubled: [], disordered: [], wrong: [], unexplained: [], state: [], undecided: [] };
  const table = describe({
    verdict: { inputs: 90, outputs: 88, rejected: 7, recounted: 80, ...clean, lost: ["a/0/1", "a/0/2"] },
    wentOnMs: new Map([
      ["kill", [7_000.4, 9_000]],
      ["cut", [40]],
    ]),
    exitsMs: [300],
    paused: null,
    witnessMs: [20, 30, 2_100],
    late: ["kill: too late"],
    faults: [],
    clean: false,
  });
  expect(table).toMatch(/^kill +2 +9000 +9000 +11000$/m);
  expect(table).toMatch(/^witness +3 +30 +2100$/m);
  expect(table).toMatch(/^delay +0 +- +- +-$/m);
  expect(table).toContain("2 faults of processes, 1 of brokers and network");
  expect(table).toMatch(/^lost +2\n {2}a\/0\/1\n {2}a\/0\/2\ndoubled +0$/m);
  expect(table).toMatch(/^late +1\n {2}kill: too late$/m);
});
