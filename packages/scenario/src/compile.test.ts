import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatFaults } from "@weir/engine";
import { describe, expect, test } from "vitest";
import { compileScenario, sharesAdded, withShareAdded } from "./compile.ts";
import { aScenarioText } from "./scenario.fixture.ts";

const root = join(import.meta.dirname, "..", "..", "..");

const faultsOf = (text: string): string => {
  const result = compileScenario(text, { file: "s.yaml" });
  return result.ok ? "" : formatFaults(result.faults);
};

test.each(globSync("scenarios/*.yaml", { cwd: root }))("%s has no faults", (file) => {
  expect(faultsOf(readFileSync(join(root, file), "utf8"))).toBe("");
});

test("amounts become minor units, times ms, and what is left out nothing", () => {
  const result = compileScenario(aScenarioText(), { file: "s.yaml" });
  expect(result.ok && result.scenario).toMatchObject({
    name: "test",
    customers: { meanMinor: { from: 500, to: 10_000 }, leastMinor: 100, mostMinor: 500_000, large: null, abroad: 0 },
    drift: null,
    labels: { share: 0.8, delayMs: { from: 3 * 86_400_000, to: 14 * 86_400_000 } },
    noise: { duplicates: { share: 0, byMs: 0 }, garbage: 0 },
  });
});

describe("faults say where and what would be right", () => {
  test.each([
    ["spread: 0.6", "spread: much", "6:11: customers.spread must be number"],
    ["amounts: lognormal", "amounts: uniform", "5:12: customers.amounts must be one of lognormal, normal"],
    ["{ from: 5, to: 100 }", "{ from: 500, to: 100 }", "4:16: from must be at most to (100), got 500"],
    ["{ from: 3d, to: 14d }", "{ from: 3w, to: 14d }", "18:38: labels.delay.from must be a duration such as 10m"],
    ["{ from: 3d, to: 14d }", "{ from: 15d, to: 14d }", "18:30: from must be at most to (14d), got 15d"],
    ["{ from: 3d, to: 14d }", "{ from: 3d, to: 91d }", "18:46: must be at most 90d, got 91d"],
    ["least: 1", "least: 6000", "7:10: least must be at most most (5000), got 6000"],
    ["{ from: 0.5, to: 4 }", "{ from: 0, to: 0 }", "3:36: to must be above 0, or nobody pays"],
    ["regular: 6", "regular: 0", "10:12: without regular merchants elsewhere must be 1, got 0.1"],
    ["structuring:", "structring:", "16:3: structring is not known here; known here: card_testing, account_takeover"],
    ["share: 0.003", "share: 0.2", "16:25: attacks.structuring.share must be <= 0.1"],
  ])("with %j made %j: %s", (from, to, fault) => {
    expect(aScenarioText()).toContain(from);
    expect(faultsOf(aScenarioText().replace(from, to))).toContain(`s.yaml:${fault}`);
  });

  test("all of them at once", () => {
    const text = aScenarioText().replace("0.6", "9").replace("500", "-1").replace("name: test", "name: Test");
    expect(faultsOf(text).split("\n")).toHaveLength(3);
  });

  test("attacks leave room for customers", () => {
    const all = ["structuring: { share: 0.1, payments: { from: 3, to: 8 }, below: 2500 }"];
    for (const kind of ["account_takeover", "impossible_travel"])
      all.push(`${kind}: { share: 0.1, payments: { from: 3, to: 6 }, amount: { from: 300, to: 2000 } }`);
    all.push(
      "mules: { share: 0.01, payers: { from: 1, to: 6 }, amount: { from: 3, to: 20 }, out: { from: 1, to: 2 } }",
    );
    const text = aScenarioText().replace(/ {2}structuring:.*\n/, all.map((line) => `  ${line}\n`).join(""));
    expect(faultsOf(text)).toContain("their shares must be at most 0.3 together, got 0.31");
  });

  test.each(["", "- a", "name: [", "a: &a [*a]", "name: x\nname: y", "customers: 1"])("%j is no crash", (text) => {
    expect(faultsOf(text)).toMatch(/^s\.yaml:\d+:\d+: /);
  });
});

test("attacks can be made more or fewer, all in proportion", () => {
  const result = compileScenario(aScenarioText(), { file: "s.yaml" });
  if (!result.ok) throw new Error("unreachable");
  const more = withShareAdded(result.scenario, 0.03);
  expect(more.attacks.structuring).toEqual({ ...result.scenario.attacks.structuring, share: 0.03 });
  expect(sharesAdded(more.attacks)).toBeCloseTo(0.03);
});
