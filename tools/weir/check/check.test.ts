import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRuleset } from "@weir/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportLines, reportOf } from "./report.ts";

const root = new URL("../../../", import.meta.url);
const main = new URL("tools/weir/main.ts", root).pathname;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-check-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

function weir(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) =>
    execFile(process.execPath, [main, ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    ),
  );
}

const starter = (): Promise<string> => readFile(new URL("rulesets/starter.yaml", root), "utf8");

describe("weir check", () => {
  test("tells what a good ruleset compiles to, and exits 0", async () => {
    const { code, out } = await weir("check", new URL("rulesets/starter.yaml", root).pathname);
    expect(out).toMatch(/^starter@1#[0-9a-f]{8}: no faults; 3 rules \(0 only watched\), 8 examples as expected\n/);
    expect(out).toMatch(/windows +count_1h +source +count in \(t-1h, t\]\n/);
    expect(code).toBe(0);
  });

  test("tells every fault with file, line and column, and exits 78", async () => {
    const file = join(folder, "bad.yaml");
    await writeFile(file, (await starter()).replace("amount >= 900", "amonut >= 900").replace("over: 1h", "over: 1"));
    const { code, err, out } = await weir("check", file);
    expect(err.trim().split("\n")).toEqual([
      `${file}:16:46: features.count_1h.over must be a duration such as 10m, 1h or 7d`,
      expect.stringContaining(": amonut is not known; did you mean amount?"),
    ]);
    expect([code, out]).toEqual([78, ""]);
  });

  test("as JSON is one object for programs", async () => {
    const good = await weir("check", "--json", new URL("rulesets/threshold.yaml", root).pathname);
    expect(JSON.parse(good.out)).toMatchObject({ ok: true, rules: 1, stages: [], retentionMs: 0 });
    const file = join(folder, "bad.yaml");
    await writeFile(file, "name: x\n");
    const bad = await weir("check", file, "--json");
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      faults: expect.arrayContaining([{ file, line: 1, column: 1, message: "the document lacks rules" }]),
    });
    expect(bad.code).toBe(78);
  });

  test("without a ruleset, or with one that is not there, says so", async () => {
    expect((await weir("check")).err).toContain("one ruleset is needed, got 0");
    expect(await weir("check", join(folder, "none.yaml"))).toMatchObject({ code: 78 });
  });
});

test("the report names stages in their order, windows with their ends, retention and what has no example", async () => {
  const text = (await readFile(new URL("rulesets/card-payments.yaml", root), "utf8")).replace(
    /( {4}score: 0.9\n) {4}examples:\n.*\n.*\n/,
    "$1",
  );
  const compiled = compileRuleset(text, { file: "r" });
  if (!compiled.ok) throw new Error("it has faults");
  const report = reportOf(compiled.plan, { decisions: 10, microseconds: 9.96 });
  expect(report.stages.map(({ by, features }) => [by, features])).toEqual([
    ["source", 13],
    ["target", 6],
  ]);
  const lines = reportLines(report).join("\n");
  expect(lines).toMatch(/^chain +gate > labels > source > target$/m);
  expect(lines).toContain("target_risk          target  fraud_ratio in (t-37d, t-7d], 0 when empty");
  expect(lines).toContain("spend_24h            source  sum of amount in (t-1d, t]");
  expect(lines).toContain("must be kept for 90d 1h at least");
  expect(lines).toContain("10.0 us a decision here, over 10 made-up transactions");
  expect(lines).toContain("note       rule large-amount has no examples");
});

test("a model is told by its file, its trees and its inputs, computed ones with how", async () => {
  const leaf = { left_children: [-1], right_children: [-1], split_indices: [0], split_conditions: [-2] };
  const model = {
    learner: {
      gradient_booster: { name: "gbtree", model: { trees: [{ ...leaf, default_left: [0], sum_hessian: [1] }] } },
      learner_model_param: { base_score: "5E-1", num_feature: "2" },
      objective: { name: "binary:logistic" },
    },
  };
  await writeFile(join(folder, "m.json"), JSON.stringify(model));
  const file = join(folder, "model.yaml");
  const named = "model: { file: m.json, features: [count_1h, { night: hour < 6 }] }\nthresholds";
  await writeFile(file, (await starter()).replace("thresholds", named));
  const { out, code } = await weir("check", file);
  expect(out).toMatch(
    /^model {6}m\.json: 1 trees, sha256 [0-9a-f]{8}; 2 inputs:\n {11}count_1h\n {11}night = hour < 6\n/m,
  );
  expect(code).toBe(0);
});
