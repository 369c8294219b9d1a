/** What a detector over a log in memory answers about one source or target, by its own admin server. */
import { partitionFor, TOPICS } from "@weir/schema";
import { type Interfere, MemoryLog } from "@weir/stream";
import { expect, test } from "vitest";
import { BY_SOURCE, type Environment, PARTITIONS, TOKEN, World } from "./detector.fixture.ts";

const ENV = { RULESET: "counts.yaml", ADMIN_TOKEN_FILE: "token" };
const STREAM_TIME_MS = 1_700_000_000_000;

type Body = {
  readonly error?: string;
  readonly phase?: string;
  readonly applied: number;
  readonly committed: number;
  readonly streamTimeMs: number;
  readonly features: readonly unknown[];
  readonly outOf: number;
  readonly decisions: readonly { readonly order: number }[];
};

type Detector = ReturnType<World["start"]>;

async function ask(detector: Detector, path: string, authorization: string | null = `Bearer ${TOKEN}`) {
  const headers: Record<string, string> = authorization === null ? {} : { authorization };
  const response = await fetch(`${await detector.url("adminUrl")}${path}`, { headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

async function isReady(detector: Detector): Promise<void> {
  const look = async (): Promise<boolean> => (await fetch(`${await detector.url()}/readyz`)).ok;
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** One that has decided `count` transactions, the last of them at STREAM_TIME_MS + (count - 1) s. */
async function aDetector(count: number, env: Environment = ENV) {
  const world = new World();
  world.produce(count);
  const detector = world.start(env);
  await world.decidesAll();
  return { world, detector };
}

test("a source is answered for: its windows as of stream time, the offsets, and its decisions with their reasons", async () => {
  const { world, detector } = await aDetector(200);
  const partition = partitionFor("s1", PARTITIONS);
  const input = { topic: BY_SOURCE, partition };
  const { status, body } = await ask(detector, "/entities/source/s1");
  expect(status).toBe(200);
  const [paid] = body.features;
  expect(body).toMatchObject({
    ...{ field: "source", key: "s1", topic: BY_SOURCE, partition, group: "weir-by-source", liveEvents: 40 },
    ...{ oldestMs: STREAM_TIME_MS + 1_000, newestMs: STREAM_TIME_MS + 196_000 },
    historySinceMs: null,
    committed: world.broker.committed("weir-by-source", input)?.offset,
  });
  expect(body.applied).toBeGreaterThanOrEqual(body.committed);
  expect(paid).toEqual({
    ...{ name: "paid", aggregate: "count", value: 40, approximate: false },
    ...{ afterMs: body.streamTimeMs - 3_600_000, untilMs: body.streamTimeMs },
  });
  const orders = body.decisions.map(({ order }) => order);
  expect(new Set(orders).size).toBe(40);
  expect(body.outOf).toBe(200);
  expect(body.decisions[0]).toMatchObject({ outcome: "decline", score: 0.95, reasons: [{ rule: "busy" }] });
  expect(JSON.stringify(body)).not.toContain('"amount"');
});

test("a target is answered for by what is asked of targets", async () => {
  const { detector } = await aDetector(90);
  const { body } = await ask(detector, "/entities/target/t2");
  expect(body.features).toMatchObject([
    { name: "received", value: 30 },
    { name: "risk", value: 0 },
  ]);
});

test("a key that nothing is known of, and an entity that the ruleset does not keep, are not there", async () => {
  const { detector } = await aDetector(10);
  const unknown = await ask(detector, "/entities/source/nobody");
  expect(unknown).toMatchObject({ status: 404, body: { error: "nothing is known of this key", topic: BY_SOURCE } });
  const device = await ask(detector, "/entities/device/d");
  expect(device).toMatchObject({ status: 404, body: { error: expect.stringContaining("by source, target") } });
  expect((await ask(detector, `/entities/source/${"x".repeat(301)}`)).status).toBe(414);
  expect((await ask(detector, "/entities/source/s1?key=s2")).status).toBe(400);
  expect((await ask(detector, `/entities/source/${encodeURIComponent("a/../é💶")}`)).status).toBe(404);
});

test("nobody is let in without the token, and without a token there is no admin server", async () => {
  const { detector } = await aDetector(10);
  expect((await ask(detector, "/entities/source/s1", null)).status).toBe(401);
  const off = await aDetector(10, { RULESET: "counts.yaml" });
  await isReady(off.detector);
  expect(off.detector.said()).not.toContain("adminUrl");
});

test("the port of probes has nothing of a customer, whoever asks", async () => {
  const { detector } = await aDetector(10);
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (const path of ["/entities/source/s1", "/rejected"])
    expect((await fetch(`${await detector.url()}${path}`, { headers })).status).toBe(404);
});

test("of two detectors one answers, and the other says whose it is", async () => {
  const { world, detector } = await aDetector(100);
  const other = world.start(ENV);
  await Promise.all([isReady(detector), isReady(other)]);
  for (const key of ["s0", "s1", "s2", "s3", "s4"]) {
    const answers = await Promise.all([detector, other].map((one) => ask(one, `/entities/source/${key}`)));
    const [found, elsewhere] = answers.toSorted((a, b) => a.status - b.status);
    expect(found).toMatchObject({ status: 200, body: { key, liveEvents: 20 } });
    const partition = partitionFor(key, PARTITIONS);
    const where = { topic: BY_SOURCE, partition, group: "weir-by-source" };
    expect(elsewhere).toMatchObject({ status: 404, body: where });
    expect(elsewhere?.body.error).toContain("another detector of the group weir-by-source");
  }
});

test("a stage that does not run here is elsewhere", async () => {
  const world = new World();
  const gate = world.start({ ...ENV, STAGES: "gate" });
  await isReady(gate);
  expect((await ask(gate, "/entities/target/t1")).body.error).toContain("group weir-by-target");
});

test("while the state is not ready it says so, and that one may ask again", async () => {
  const world = new World();
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  const interfere: Interfere = (point) => (point === "openWriter:before" ? promise : undefined);
  const detector = world.start(ENV, { log: new MemoryLog(world.broker, { interfere }) });
  const asked = () => ask(detector, "/entities/source/s1");
  let found = await asked();
  while (found.body.phase === undefined) found = await asked();
  expect(found).toMatchObject({ status: 503, body: { restoring: null, topic: BY_SOURCE } });
  expect(found.headers.get("retry-after")).toBe("2");
  answer();
  await isReady(detector);
  expect((await asked()).status).toBe(404);
});

test("a ruleset that looks at no past has nothing to answer", async () => {
  const { world, detector } = await aDetector(10, { ...ENV, RULESET: "threshold.yaml" });
  expect(world.count(TOPICS.fraud)).toBeGreaterThan(0);
  expect((await ask(detector, "/entities/source/s1")).body.error).toContain("it looks at no past");
});
