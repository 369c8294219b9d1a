import { expect, inject, test } from "vitest";
import { type Run, start as startOn, urlsIn } from "./run.fixture.ts";

const PATIENCE_MS = 120_000;

/** On the broker that tests share. */
function start(...args: readonly string[]): Run {
  return startOn({ KAFKA_BROKER_URL: inject("kafkaBrokers") }, ["--partitions", "2", "--rate", "200", ...args]);
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
  expect(run.output()).toMatch(/stopped; [1-9]\S* transactions were decided or rejected, none waits\n/);
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
