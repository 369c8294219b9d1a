import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DecidedTransaction } from "@weir/schema";
import { Value } from "typebox/value";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-decide-"));
});
afterEach(() => rm(folder, { recursive: true }));

function start(...args: string[]) {
  const child = spawn(process.execPath, [join(root, "tools/weir/main.ts"), "decide", ...args], { cwd: root });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (said.stdout += text));
  child.stderr.on("data", (text) => (said.stderr += text));
  return { child, said, ended: once(child, "close").then(([code]) => ({ ...said, code })) };
}

const run = (...args: string[]) => start(...args).ended;
const linesOf = async (name: string) => (await readFile(at(name), "utf8")).split("\n").slice(0, -1);

const HEADER = "tx_id,t_sec,customer,terminal,amount,fraud,scenario\n";
const HANDBOOK = ["--ruleset", "rulesets/handbook-features.yaml", "--columns", "datasets/handbook.yaml"];

test("a CSV is decided row by row, what cannot be decided stands apart, and a summary counts all of it", async () => {
  await writeFile(
    at("a.csv.gz"),
    gzipSync(`${HEADER}1,0,c,t,10.5,0,0\n2,1,c,t,ten,0,0\n3,2,c,t\n1,0,c,t,10.5,0,0\n4,3,c,t,5,1,2\n`),
  );
  const { code, stdout } = await run(
    ...HANDBOOK,
    "--data",
    at("a.csv.gz"),
    "--out",
    at("o.jsonl"),
    "--explain",
    "full",
  );
  expect(code).toBe(0);
  const decided = (await linesOf("o.jsonl")).map((line) => JSON.parse(line));
  expect(decided.map(({ id, decision }) => [id, decision.id, decision.features.customer_count_1d])).toEqual([
    ["1", "queueing.transactions/0/0", 1],
    ["4", "queueing.transactions/0/3", 2],
  ]);
  expect(decided.every((message) => Value.Check(DecidedTransaction, message))).toBe(true);
  const rejected = (await linesOf("o.rejected.jsonl")).map((line) => JSON.parse(line));
  expect(rejected.map(({ line, reason, origin }) => [line, reason, origin])).toEqual([
    [3, "malformed", "queueing.transactions/0/1"],
    [4, "malformed", null],
    [5, "duplicate", "queueing.transactions/0/2"],
  ]);
  expect(rejected[1]).toMatchObject({ value: "3,2,c,t", faults: [{ field: "$", expected: "7 fields", got: "4" }] });
  for (const line of [
    /^5 rows in/m,
    /decided +2$/m,
    /approve +2 +100\.0 %/m,
    /rejected +3$/m,
    /malformed +2$/m,
    /duplicate +1$/m,
  ])
    expect(stdout).toMatch(line);
});

test("messages need no columns, and outputs decided again come out the same", async () => {
  const messages = [1, 899.99, 900, 1000].map(
    (amount) => `{"source":"a","target":"b","amount":${amount},"currency":"EUR"}`,
  );
  await writeFile(at("a.jsonl"), `${messages.join("\n")}\n`);
  const ruleset = ["--ruleset", "rulesets/threshold.yaml"];
  expect((await run(...ruleset, "--data", at("a.jsonl"), "--out", at("once.jsonl"))).code).toBe(0);
  expect((await run(...ruleset, "--data", at("once.jsonl"), "--out", at("twice.jsonl"))).code).toBe(0);
  const once = await linesOf("once.jsonl");
  expect(once.map((line) => JSON.parse(line).decision.outcome)).toEqual(["approve", "approve", "decline", "decline"]);
  expect(once.every((line, index) => line.startsWith(messages[index]?.slice(0, -1) ?? "x"))).toBe(true);
  expect(await linesOf("twice.jsonl")).toEqual(once);
});

test("every fault of the configuration is told at once, with exit code 78 and nothing written", async () => {
  await writeFile(at("r.yaml"), "name: r\nversion: 0\nrules: []\nthresholds: { review: 0.6, decline: 0.9 }\n");
  await writeFile(at("a.csv"), "tx_id,t_sec,customer\n");
  const columns = ["--columns", "datasets/handbook.yaml"];
  const { code, stderr } = await run("x", "--ruleset", at("r.yaml"), ...columns, "--data", at("a.csv"), "--limit", "0");
  expect(code).toBe(78);
  for (const part of [
    "--limit must be",
    '"x" means nothing',
    "--out is missing",
    "r.yaml:2:10:",
    "r.yaml:3:8:",
    "no column terminal",
    "no column scenario",
  ])
    expect(stderr).toContain(part);
  const own = await run(...HANDBOOK, "--data", at("a.csv"), "--out", at("a.csv"));
  expect(own.code).toBe(78);
  expect(await readFile(at("a.csv"), "utf8")).toBe("tx_id,t_sec,customer\n");
});

test("data are never written over", async () => {
  await writeFile(at("a.jsonl"), "{}\n");
  const { code, stderr } = await run(
    "--ruleset",
    "rulesets/threshold.yaml",
    "--data",
    at("a.jsonl"),
    "--out",
    at("a.jsonl"),
  );
  expect([code, stderr]).toEqual([78, expect.stringContaining("--out would write over the data")]);
  expect(await readFile(at("a.jsonl"), "utf8")).toBe("{}\n");
});

test("--limit reads so many rows", async () => {
  await writeFile(at("a.csv"), `${HEADER}${Array.from({ length: 10 }, (_, i) => `${i},${i},c,t,5,0,0`).join("\n")}\n`);
  const { code, stdout } = await run(...HANDBOOK, "--data", at("a.csv"), "--out", at("o.jsonl"), "--limit", "3");
  expect([code, (await linesOf("o.jsonl")).length]).toEqual([0, 3]);
  expect(stdout).toContain("3 rows in");
});

test("data that break off give what they have, and exit code 1", async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => `${i},${i},c${(i * 7919) % 1000},t,${i}.25,0,0`).join("\n");
  const whole = gzipSync(`${HEADER}${rows}\n`);
  await writeFile(at("a.csv.gz"), whole.subarray(0, whole.length >> 1));
  const ruleset = ["--ruleset", "rulesets/threshold.yaml", "--columns", "datasets/handbook.yaml"];
  const { code, stderr } = await run(...ruleset, "--data", at("a.csv.gz"), "--out", at("o.jsonl"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("unexpected end of file")]);
  expect((await linesOf("o.jsonl")).every((line) => JSON.parse(line).decision !== undefined)).toBe(true);
});

test("Ctrl-C ends it with whole lines and exit code 130", async () => {
  const rows = Array.from({ length: 400_000 }, (_, i) => `${i},${i},c${i % 5000},t${i % 999},5,0,0`).join("\n");
  await writeFile(at("a.csv.gz"), gzipSync(`${HEADER}${rows}\n`, { level: 1 }));
  const { child, ended } = start(...HANDBOOK, "--data", at("a.csv.gz"), "--out", at("o.jsonl"));
  await untilNotEmpty(at("o.jsonl"));
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([130, expect.stringContaining("all of them are written")]);
  const text = await readFile(at("o.jsonl"), "utf8");
  expect(text.endsWith("}}\n")).toBe(true);
  const written = text.split("\n").length - 1;
  expect(written).toBeLessThan(400_000);
  expect(stdout).toContain(`${written.toLocaleString("en-GB")} rows in`);
});

async function untilNotEmpty(path: string): Promise<void> {
  while ((await readFile(path, "utf8").catch(() => "")) === "") await new Promise((resolve) => setTimeout(resolve, 20));
}
