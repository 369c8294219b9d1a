import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { weirFolder } from "@weir/testing";
import { afterEach, expect, inject, test } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");
const PATIENCE_MS = 120_000;

const started: { readonly child: ChildProcess; readonly logs: string }[] = [];

afterEach(async () => {
  for (const { child, logs } of started.splice(0)) {
    child.kill("SIGKILL");
    await rm(logs, { recursive: true, force: true });
  }
});

type Run = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly said: (text: string) => Promise<void>;
  readonly exit: Promise<number | null>;
  /** The process id that a service has told its log. */
  readonly pidOf: (service: string) => Promise<number>;
};

/** npm start on the broker that tests share, with topics of its own. */
function start(...args: readonly string[]): Run {
  const app = `start-${randomUUID().slice(0, 8)}`;
  const child = spawn(process.execPath, [MAIN, "--partitions", "2", "--rate", "200", ...args], {
    env: {
      ...process.env,
      KAFKA_BROKER_URL: inject("kafkaBrokers"),
      APP_ID: app,
      TRANSACTIONS_TOPIC: `${app}.transactions`,
      LEGIT_TOPIC: `${app}.legit`,
      FRAUD_TOPIC: `${app}.fraud`,
      REJECTED_TOPIC: `${app}.rejected`,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logs = join(weirFolder, "run", app);
  started.push({ child, logs });
  let output = "";
  const waiting = new Set<() => void>();
  const more = (chunk: unknown): void => {
    output += String(chunk);
    for (const check of waiting) check();
  };
  child.stdout?.on("data", more);
  child.stderr?.on("data", more);
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!output.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void exit.then(() => reject(new Error(`ended without saying ${JSON.stringify(text)}:\n${output}`)));
    });
  const pidOf = async (service: string): Promise<number> =>
    Number(/"pid":(\d+)/.exec(await readFile(join(logs, `${service}.log`), "utf8"))?.[1]);
  return { child, output: () => output, said, exit, pidOf };
}

function urlsIn(output: string): string[] {
  return [...output.matchAll(/http:\/\/\S+\/metrics/g)].map(([url]) => url);
}

test("with --for it stops by itself and finds one output for each transaction, of two detectors", {
  timeout: PATIENCE_MS,
}, async () => {
  const run = start("--for", "8s", "--detectors", "2");
  expect(await run.exit, run.output()).toBe(0);
  expect(run.output()).toContain("Exactly once: every transaction of this run has one output");
  expect(run.output()).toMatch(/missing +0\n/);
  expect(run.output()).toMatch(/transactions of this run +[1-9]/);
});

test("one signal drains and leaves nothing running, with exit code 0", { timeout: PATIENCE_MS }, async () => {
  const run = start();
  await run.said("first decisions");
  const urls = urlsIn(run.output());
  expect(urls).toHaveLength(2);
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
  run.child.kill("SIGINT");
  expect(await run.exit, run.output()).toBe(0);
  const [, came, decided] = /stopped; (\S+) transactions came in, (\S+) were decided/.exec(run.output()) ?? [];
  expect(came).toBeDefined();
  expect(decided).toBe(came);
  for (const url of urls) await expect(fetch(url)).rejects.toThrow();
});

test("a service that ends by itself ends the rest, is named with its last words, and the exit code tells", {
  timeout: PATIENCE_MS,
}, async () => {
  const run = start();
  await run.said("first decisions");
  process.kill(await run.pidOf("detector"), "SIGKILL");
  expect(await run.exit).toBe(1);
  expect(run.output()).toMatch(/npm start: detector ended by itself \(signal 9\)\. The end of .*detector\.log:\n {2}/);
  for (const url of urlsIn(run.output())) await expect(fetch(url)).rejects.toThrow();
});
