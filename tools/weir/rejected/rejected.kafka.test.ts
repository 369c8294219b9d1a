import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KafkaLog, openProducer } from "@weir/kafka";
import { decisionId, type LogRecord, REPLAY_HEADER, rejectedHeaders } from "@weir/schema";
import { afterEach, beforeEach, expect, inject, test } from "vitest";

const root = join(import.meta.dirname, "..", "..", "..");
const PATIENCE_MS = 120_000;
const LETTERS = 600;

let folder: string;
let environment: Record<string, string>;
const connection = { brokers: [inject("kafkaBrokers")], clientId: "rejected-test", tls: null, sasl: null };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-rejected-"));
  const app = `rej${process.pid}${Date.now()}`;
  environment = {
    KAFKA_BROKER_URL: inject("kafkaBrokers"),
    APP_ID: app,
    TRANSACTIONS_TOPIC: `${app}.in`,
    LEGIT_TOPIC: `${app}.legit`,
    FRAUD_TOPIC: `${app}.fraud`,
    REJECTED_TOPIC: `${app}.rejected`,
  };
});
afterEach(() => rm(folder, { recursive: true }));

function start(...args: string[]) {
  const options = { cwd: root, env: { ...process.env, ...environment } };
  const child = spawn(process.execPath, [join(root, "tools/weir/main.ts"), ...args], options);
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (said.stdout += text));
  child.stderr.on("data", (text) => (said.stderr += text));
  return { child, said, ended: once(child, "close").then(([code]) => ({ ...said, code })) };
}

const run = (...args: string[]) => start("rejected", ...args).ended;
const input = (): string => environment.TRANSACTIONS_TOPIC ?? "";

async function reject(payloads: readonly string[]): Promise<void> {
  const producer = openProducer(connection, { log: () => {} });
  try {
    const records = payloads.map((payload, index) => ({
      key: Buffer.from("ann"),
      value: Buffer.from(payload),
      partition: index % 2,
      headers: rejectedHeaders({
        reason: "internal",
        origin: decisionId(input(), index % 2, index),
        faults: [{ field: "$", expected: "a decision", got: "TypeError" }],
        engine: "0.1.0",
      }),
    }));
    await producer.send(environment.REJECTED_TOPIC ?? "", records);
  } finally {
    await producer.close();
  }
}

async function committedOf(topic: string): Promise<LogRecord[]> {
  const log = new KafkaLog({ connection, log: () => {} });
  try {
    const found: LogRecord[] = [];
    for (let partition = 0; partition < (await log.partitions(topic)); partition++) {
      const { start: from, end } = await log.bounds({ topic, partition });
      const reader = log.read({ topic, partition }, from, end);
      for (let batch = await reader.next(); batch !== null; batch = await reader.next()) found.push(...batch.records);
      reader.close();
    }
    return found;
  } finally {
    await log.close();
  }
}

const payment = (amount: number | string): string =>
  JSON.stringify({ source: "ann", target: "bob", amount, currency: "EUR" });

test("what was rejected is listed, shown masked, exported, mended and sent in, once", {
  timeout: PATIENCE_MS,
}, async () => {
  expect((await start("topics", "apply", "--partitions", "2").ended).code).toBe(0);
  await reject([payment(1), payment("secret")]);
  const origin = decisionId(input(), 1, 1);

  const list = await run("list");
  expect(list.code, list.stderr).toBe(0);
  expect(list.stdout).toMatch(/2 of 2 shown.*\n +internal +2/);
  const show = await run("show", origin);
  expect(JSON.parse(show.stdout)).toMatchObject({ origin, key: { masked: "3 bytes of text" } });
  expect(list.stdout + show.stdout).not.toContain("secret");

  const file = join(folder, "a.jsonl");
  expect((await run("export", "--out", file, "--payload")).code).toBe(0);
  const line = (await readFile(file, "utf8")).split("\n").find((one) => one.includes("secret")) ?? "";
  await writeFile(file, line.replace('\\"secret\\"', "7"));
  const replays = [await run("replay", "--fixed", file), await run("replay", "--fixed", file)];
  expect(replays.map(({ code }) => code)).toEqual([0, 0]);
  expect(replays.map(({ stderr }) => stderr.trim())).toEqual([
    "1 sent, 0 were sent before, 0 not sent",
    "0 sent, 1 were sent before, 0 not sent",
  ]);
  const [record, ...more] = await committedOf(input());
  expect(more).toEqual([]);
  expect(String(record?.value)).toBe(payment(7));
  expect(record?.headers).toEqual([[REPLAY_HEADER, Buffer.from(origin)]]);
  expect(JSON.parse((await run("show", origin)).stdout)).toMatchObject({ replayed: { bytes: "fixed" } });
});

test("a replay that is killed, and two more at the same time, send each of them once", {
  timeout: PATIENCE_MS,
}, async () => {
  expect((await start("topics", "apply", "--partitions", "2").ended).code).toBe(0);
  await reject(Array.from({ length: LETTERS }, (_, index) => payment(index + 1)));
  const killed = start("rejected", "replay", "--reason", "internal");
  await Promise.race([once(killed.child.stdout, "data"), killed.ended]);
  killed.child.kill("SIGKILL");
  await killed.ended;
  const both = await Promise.all([run("replay", "--reason", "internal"), run("replay", "--reason", "internal")]);
  const last = await run("replay", "--reason", "internal");
  expect(last.code, JSON.stringify(both.map(({ stderr }) => stderr))).toBe(0);
  expect(last.stderr).toContain(`0 sent, ${LETTERS} were sent before`);
  const origins = (await committedOf(input())).map(({ headers }) => String(headers[0]?.[1]));
  expect(origins).toHaveLength(LETTERS);
  expect(new Set(origins).size).toBe(LETTERS);
  expect(await committedOf(`${environment.APP_ID}.rejected.ledger`)).toHaveLength(LETTERS);
});
