import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");
const DATA = ["--data", "datasets/handbook-cut.csv.gz", "--columns", "datasets/handbook.yaml", "--label-delay", "1d"];
/** The first run on a machine installs XGBoost. */
const PATIENCE_MS = 300_000;

let folder: string;
let ruleset: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-train-"));
  ruleset = at("handbook-15.yaml");
  await copyFile(join(root, "rulesets/handbook-15.yaml"), ruleset);
});
afterAll(() => rm(folder, { recursive: true }));

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

function weir(...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) =>
    execFile(process.execPath, [join(root, "tools/weir/main.ts"), ...args], { cwd: root }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    ),
  );
}

const train = (...args: readonly string[]) => weir("train", "--ruleset", ruleset, "--table", at("t.csv.gz"), ...args);
const cardOf = async () => JSON.parse(await readFile(at("handbook-15.model.card.json"), "utf8"));

test(
  "a table becomes a model that the ruleset finds, and a better one is not replaced unless that is asked for",
  async () => {
    const table = await weir(
      "features",
      "--ruleset",
      ruleset,
      ...DATA,
      "--from",
      "2018-07-01",
      "--out",
      at("t.csv.gz"),
    );
    expect(table).toMatchObject({
      code: 0,
      out: expect.stringMatching(/t\.csv\.gz: [\d,]+ payments, [\d,]+ of them fraud/),
    });

    expect(await train()).toMatchObject({ code: 0, out: expect.stringContaining("its card are written") });
    const first = await cardOf();
    expect(first).toMatchObject({
      ruleset: "handbook-15@1",
      library: "xgboost 3.2.0",
      trainedOn: { from: expect.stringMatching(/^2018-07-01/), frauds: expect.any(Number) },
      triedOn: { ap: expect.any(Number), calibrationError: expect.any(Number) },
    });
    expect(await weir("check", ruleset)).toMatchObject({ code: 0, out: expect.stringContaining("200 trees") });

    // It has seen these days, so that a model that has not cannot be as good on them.
    const kept = await train("--window", "20d");
    expect(kept).toMatchObject({ code: 1, out: expect.stringContaining("kept what is there: it ranks them better") });
    expect(await cardOf()).toEqual(first);
    expect(await train("--window", "20d", "--force")).toMatchObject({ code: 0 });
    expect((await cardOf()).sha256).not.toBe(first.sha256);

    // The same table gives the same model.
    const second = await readFile(at("handbook-15.model.json"), "utf8");
    await train("--window", "20d", "--force");
    expect(await readFile(at("handbook-15.model.json"), "utf8")).toBe(second);
  },
  PATIENCE_MS,
);

test(
  "what evaluate scores with a model's file is what decide decides with it",
  async () => {
    const file = ["--ruleset", ruleset, ...DATA];
    const report = ["--report", at("report"), "--from", "2018-08-10"];
    const scored = await weir("evaluate", ...file, ...report, "--scores", at("s.csv"), "--zero", "reject");
    expect(scored).toMatchObject({ code: 0, out: expect.stringContaining("average precision (AP)") });
    await weir("decide", ...file, "--out", at("d.jsonl"));
    const decided = new Map(
      (await readFile(at("d.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .map(({ id, decision }) => [id, decision.score]),
    );
    const [header, ...rows] = (await readFile(at("s.csv"), "utf8")).trimEnd().split("\n");
    expect(header).toBe("tx_id,score");
    expect(rows.length).toBeGreaterThan(500);
    const differing = rows.map((row) => row.split(",")).filter(([id, score]) => decided.get(id) !== Number(score));
    expect(differing).toEqual([]);
    expect(JSON.parse(await readFile(at("report/handbook-15@1/report.json"), "utf8")).scored).toBe(rows.length);
  },
  PATIENCE_MS,
);

test(
  "evaluate trains its own models as labels come in, and two rulesets stand side by side",
  async () => {
    const span = ["--train-window", "30d", "--retrain", "2d", "--from", "2018-08-11", "--report", at("report")];
    const rules = "rulesets/handbook-rules.yaml";
    const { code, out, err } = await weir("evaluate", "--compare", rules, ruleset, ...DATA, ...span);
    expect([code, out]).toEqual([0, expect.stringMatching(/^A {2}handbook-rules@1#.*\nB {2}handbook-15@1#/)]);
    expect(err.match(/handbook-15@1#\w+ from .* frauds; AP/g)?.length).toBe(2);
  },
  PATIENCE_MS,
);

test("faults are told at once, with exit code 78 and nothing written", async () => {
  await writeFile(at("empty.csv"), "id,time,fraud,amount\n");
  const wrong = await weir("train", "--ruleset", ruleset, "--table", at("empty.csv"));
  expect(wrong).toMatchObject({ code: 78, err: expect.stringContaining("must have the columns id, time, fraud and") });
  const none = await weir("train", "--ruleset", "rulesets/threshold.yaml");
  expect(none).toMatchObject({ code: 78, err: expect.stringMatching(/--table is missing[\s\S]*names no model/) });
  const evaluate = await weir("evaluate", "--ruleset", "rulesets/threshold.yaml", "--retrain", "7d", "--from", "7");
  for (const fault of ["--data is missing", "--columns is missing", "--retrain needs --train-window", "--from must be"])
    expect(evaluate.err).toContain(fault);
  expect(evaluate.code).toBe(78);
});
