import { expect, test } from "vitest";
import { start, urlsIn } from "../run.fixture.ts";

const PATIENCE_MS = 60_000;

test("without Kafka a run says so, decides in one process, and finds one output for each transaction", {
  timeout: PATIENCE_MS,
}, async () => {
  const run = start({}, ["--in-memory", "--for", "3s", "--rate", "500", "--partitions", "2", "--seed", "7"]);
  expect(await run.exit, run.output()).toBe(0);
  expect(run.output()).toContain("not Kafka, and nothing is kept");
  expect(run.output()).toContain("Topics: 12 made, 2 partitions each");
  expect(run.output()).toMatch(/transactions of this run +[1-9]/);
  expect(run.output()).toMatch(/missing +0\n/);
  expect(run.output()).toContain("Exactly once: every transaction of this run has one output");
});

test("a machine without Docker and Java takes the log in memory, with the reasons", {
  timeout: PATIENCE_MS,
}, async () => {
  const run = start({ PATH: "/nowhere", JAVA_HOME: "/nowhere", KAFKA_BROKER_URL: "" }, []);
  await run.said("first decisions");
  expect(run.output()).toMatch(/Docker: no docker command on the PATH\n {2}Java: no Java found through JAVA_HOME/);
  const urls = urlsIn(run.output());
  expect(urls).toHaveLength(2);
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
  run.child.kill("SIGINT");
  run.child.kill("SIGINT");
  expect(await run.exit, run.output()).toBe(0);
  expect(run.output()).toMatch(/stopped; [1-9]\S* transactions were decided or rejected, none waits\n/);
  for (const url of urls) await expect(fetch(url)).rejects.toThrow();
});

test.each([
  [{}, ["--in-memory", "--detectors", "2"], "--detectors 2 needs Kafka: in memory there is one process"],
  [{ PATH: "/nowhere", JAVA_HOME: "/nowhere", KAFKA_BROKER_URL: "" }, ["--detectors", "2"], "no Kafka to be had here"],
  [{ EXPLAIN: "all" }, ["--in-memory"], 'EXPLAIN must be none or full, got "all"'],
  [{ CUSTOMERS: "1" }, ["--in-memory"], 'CUSTOMERS must be 2..1000000000, got "1"'],
])("with %j, %j is refused with exit code 78", { timeout: PATIENCE_MS }, async (environment, args, why) => {
  const run = start(environment, args);
  expect(await run.exit, run.output()).toBe(78);
  expect(run.output()).toContain(why);
});
