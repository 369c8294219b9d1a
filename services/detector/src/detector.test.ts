/** The detector over a log in memory: which stages run, what a start refuses, how a change of ruleset goes. */
import { ConfigurationError, readSettings } from "@weir/service";
import { MARKER_KEY } from "@weir/stream";
import { describe, expect, test } from "vitest";
import { BY_SOURCE, BY_TARGET, type Environment, PARTITIONS, readFile, until, World } from "./detector.fixture.ts";
import { detectorSettings } from "./settings.ts";

function faultOf(env: Environment): string {
  try {
    readSettings(detectorSettings, { env, readFile });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("the stages of a ruleset", () => {
  test("decide input that nobody keyed, each transaction once", async () => {
    const world = new World();
    world.produce(200);
    world.start({ RULESET: "counts.yaml" });
    await world.decidesAll();
    expect(world.count(BY_TARGET)).toBe(200);
  });

  test("may run apart: a process with a part of them takes in nothing for the others", async () => {
    const world = new World();
    world.produce(50);
    world.start({ RULESET: "counts.yaml", STAGES: "gate,source" });
    await until(() => world.count(BY_TARGET) === 50);
    expect(world.decided()).toEqual([]);
    world.start({ RULESET: "counts.yaml", STAGES: "target" });
    await world.decidesAll();
  });

  test("are told when STAGES names another", () => {
    expect(faultOf({ RULESET: "counts.yaml", STAGES: "gate,device" })).toBe(
      "STAGES must be among gate,labels,source,target, which is all of counts.yaml; got device",
    );
    expect(faultOf({ RULESET: "threshold.yaml", STAGES: "gate" })).toContain("must be among decide,");
    expect(faultOf({ RULESET: "counts.yaml", STAGES: "gate", DRAIN: "true" })).toContain("leave it out");
  });
});

test("a drain with a ruleset that has nothing between stages is refused: it would say that nothing is left", () => {
  expect(faultOf({ RULESET: "threshold.yaml", DRAIN: "true" })).toBe(
    "RULESET threshold.yaml has no stages to drain: set it to the ruleset that ran before",
  );
});

describe("a change of ruleset", () => {
  test("decides no input twice and leaves none out, there and back", async () => {
    const world = new World();
    for (const RULESET of ["threshold.yaml", "counts.yaml", "threshold.yaml", "counts.yaml"]) {
      world.produce(60);
      const detector = world.start({ RULESET });
      await world.decidesAll();
      detector.stop();
      expect(await detector.exit).toBe(0);
    }
  });

  test("leaves out of later windows what other stages decided meanwhile, and every decision says so", async () => {
    const world = new World();
    const run = async (env: Environment, count: number) => {
      world.produce(count);
      const detector = world.start(env);
      await world.decidesAll();
      detector.stop();
      await detector.exit;
      return world.decisions().filter(({ id }) => id >= world.produced - count);
    };
    const sinceOf = (decisions: Awaited<ReturnType<typeof run>>) => [
      ...new Set(decisions.map(({ decision }) => decision.historySince)),
    ];
    expect(sinceOf(await run({ RULESET: "counts.yaml" }, 30))).toEqual([undefined]);
    expect(sinceOf(await run({ RULESET: "counts.yaml" }, 30))).toEqual([undefined]);
    expect(sinceOf(await run({ RULESET: "threshold.yaml" }, 30))).toEqual([undefined]);
    const after = await run({ RULESET: "counts.yaml" }, 30);
    const times = after.map(({ decision }) => decision.eventTime).sort();
    for (const since of sinceOf(after)) expect(times.slice(0, PARTITIONS)).toContain(since);
    const later = sinceOf(await run({ RULESET: "counts.yaml" }, 30));
    expect(later).toHaveLength(1);
    expect(sinceOf(after)).toContain(later[0]);
    expect(sinceOf(await run({ RULESET: "threshold.yaml" }, 10))).toEqual([undefined]);
  });

  test("is refused while a stage that it drops has something to decide; a drain decides it", async () => {
    const world = new World();
    world.produce(40);
    const entry = world.start({ RULESET: "counts.yaml", STAGES: "gate" });
    await until(() => world.count(BY_SOURCE) === 40);
    entry.stop();
    expect(await entry.exit).toBe(0);

    const refused = world.start({ RULESET: "threshold.yaml" });
    expect(await refused.exit).toBe(78);
    expect(refused.said()).toMatch(/\d+ records wait in weir\.by-source/);
    expect(refused.said()).toContain("npm run weir -- drain --ruleset FILE");

    world.produce(10);
    const drain = world.start({ RULESET: "counts.yaml", DRAIN: "true" });
    expect(await drain.exit).toBe(0);
    expect(world.decided()).toHaveLength(40);

    world.start({ RULESET: "threshold.yaml" });
    await world.decidesAll();
  });
});

test("an input that is keyed by source from now on needs no gate, once what the gate let through is decided", async () => {
  const world = new World();
  world.produce(40);
  const gate = world.start({ RULESET: "pair.yaml", STAGES: "gate" });
  await until(() => world.count(BY_SOURCE) === 40);
  gate.stop();
  expect(await gate.exit).toBe(0);

  const refused = world.start({ RULESET: "pair.yaml", INPUT_KEYED: "true" });
  expect(await refused.exit).toBe(78);
  expect(refused.said()).toMatch(/\d+ records wait in weir\.by-source/);
  expect(refused.said()).toContain("INPUT_KEYED");
  expect(await world.start({ RULESET: "pair.yaml", DRAIN: "true" }).exit).toBe(0);
  expect(world.decided()).toHaveLength(40);

  world.produce(40, { keyed: true });
  world.start({ RULESET: "pair.yaml", INPUT_KEYED: "true" });
  await world.decidesAll();
  expect(world.count(BY_SOURCE)).toBe(40);
  expect(world.count(BY_TARGET)).toBe(80);
  // What lay in other partitions than its source's is not in the new windows.
  const after = world.decisions().slice(40);
  expect(after).toHaveLength(40);
  for (const { decision } of after) expect(decision.historySince).toBeGreaterThanOrEqual(1_700_000_040_000);
});

test("a log that is not one to work with is refused before anything is asked of it", async () => {
  const refuseUnfit = () => Promise.reject(new ConfigurationError("it is older than Kafka 3.9"));
  const detector = new World().start({ RULESET: "counts.yaml" }, { refuseUnfit });
  expect(await detector.exit).toBe(78);
});

test("topics that throw away what is needed stop the start with what mends it", async () => {
  const cleanup = new Map([
    [BY_SOURCE, "compact"],
    [`weir.state.${BY_TARGET}`, "compact, delete"],
  ]);
  const configOf = async (topic: string) => ({ "cleanup.policy": cleanup.get(topic) ?? "" });
  const detector = new World().start({ RULESET: "counts.yaml", ALLOW_PARTIAL_HISTORY: "true" }, { configOf });
  expect(await detector.exit).toBe(78);
  expect(detector.said()).toContain("weir.by-source is compacted");
  expect(detector.said()).toContain("weir.state.weir.by-target is not only compacted");
  expect(detector.said()).toContain("cleanup.policy=compact");
});

describe("a log that is kept for less than the ruleset looks back", () => {
  const configOf = async (topic: string) => (topic === BY_TARGET ? { "retention.ms": "3600000" } : {});

  test("stops the start with what mends it", async () => {
    const detector = new World().start({ RULESET: "counts.yaml" }, { configOf });
    expect(await detector.exit).toBe(78);
    expect(detector.said()).toMatch(/weir\.by-target is kept for 3600000 ms, but the ruleset looks back \d+ ms/);
    expect(detector.said()).toContain("kafka-configs --alter");
  });

  test("is accepted with ALLOW_PARTIAL_HISTORY=true", async () => {
    const world = new World();
    world.produce(5);
    world.start({ RULESET: "counts.yaml", ALLOW_PARTIAL_HISTORY: "true" }, { configOf });
    await world.decidesAll();
  });

  test("of which a part is gone stops a rebuild; with ALLOW_PARTIAL_HISTORY=true decisions say since when it is known", async () => {
    const world = new World();
    const run = async (env: Environment = {}) => {
      world.produce(20);
      const detector = world.start({ RULESET: "counts.yaml", ...env });
      await Promise.race([world.decidesAll(), detector.exit]);
      detector.stop();
      return { code: await detector.exit, said: detector.said() };
    };
    await run();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const { broker } = world;
      const log = broker.partition({ topic: BY_TARGET, partition });
      if (log.end === 0) continue;
      log.truncate(log.slice(0, log.end, 1e9).records[2]?.offset as number);
      const state = { topic: `weir.state.${BY_TARGET}`, partition };
      broker.produce({ ...state, key: MARKER_KEY, value: Buffer.from("no marker") });
    }
    const refused = await run();
    expect(refused.code).toBe(1);
    expect(refused.said).toContain("ALLOW_PARTIAL_HISTORY=true");

    await run({ ALLOW_PARTIAL_HISTORY: "true" });
    const sinceOf = () =>
      new Set(
        world
          .decisions()
          .slice(-10)
          .map(({ decision }) => decision.historySince),
      );
    const since = sinceOf();
    expect(since).not.toContain(undefined);
    // As long as windows reach back there, whoever decides.
    expect((await run()).code).toBe(0);
    expect(sinceOf()).toEqual(since);
  });
});
