/** A detector over a log in memory whose ids are tokens. */
import { Tokens } from "@weir/engine";
import { partitionFor, REJECTED_HEADERS, TOPICS } from "@weir/schema";
import { expect, test } from "vitest";
import { BY_SOURCE, BY_TARGET, type Environment, PARTITIONS, SECRET, TOKEN, until, World } from "./detector.fixture.ts";

const tokens = new Tokens(SECRET);
const ENV = { RULESET: "counts.yaml", TOKENISE_KEY_FILE: "secret" };

/** Ids of the fixture, in quotes or as a key. */
const IDS = /"[st]\d"|^[st]\d$/;

function holding(world: World): string[] {
  const stages = [TOPICS.transactions, TOPICS.labels, BY_SOURCE, BY_TARGET];
  const all = [...stages, TOPICS.legit, TOPICS.fraud, TOPICS.rejected, ...stages.map((one) => `weir.state.${one}`)];
  return all.filter((topic) =>
    world
      .records(topic)
      .some(({ key, value, headers }) =>
        [key, value, ...headers.map(([, header]) => header)].some((bytes) => IDS.test(bytes?.toString("latin1") ?? "")),
      ),
  );
}

test("no id is in any topic but the inputs", async () => {
  const world = new World();
  world.produce(60);
  const detector = world.start(ENV);
  await world.decidesAll();
  detector.stop();
  expect(await detector.exit).toBe(0);
  expect(world.count(BY_TARGET)).toBe(60);
  expect(holding(world)).toEqual([TOPICS.transactions]);
  expect(detector.said()).not.toContain(SECRET);
});

test("an input that is keyed by source gets a gate all the same", async () => {
  const world = new World();
  world.produce(30, { keyed: true });
  world.start({ ...ENV, RULESET: "pair.yaml", INPUT_KEYED: "true" });
  await world.decidesAll();
  expect(world.count(BY_SOURCE)).toBe(30);
});

test("a customer is found by id and by token, and told by token", async () => {
  const world = new World();
  world.produce(60);
  const detector = world.start({ ...ENV, ADMIN_TOKEN_FILE: "token" });
  await world.decidesAll();
  const headers = { authorization: `Bearer ${TOKEN}` };
  for (const key of ["s1", tokens.of("s1")]) {
    const answer = await fetch(`${await detector.url("adminUrl")}/entities/source/${key}`, { headers });
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    expect(text).not.toContain('"s1"');
    const partition = partitionFor(tokens.of("s1"), PARTITIONS);
    expect(JSON.parse(text)).toMatchObject({ key: tokens.of("s1"), partition, liveEvents: 12 });
    expect(JSON.parse(text).decisions).toHaveLength(12);
  }
});

test.each<[string, Environment, Environment, string]>([
  ["another key", ENV, { ...ENV, TOKENISE_KEY_FILE: "another-secret" }, "tokens of the key"],
  ["none", ENV, { RULESET: "counts.yaml" }, "here they are as they came"],
  ["one, where there was none", { RULESET: "counts.yaml" }, ENV, "ids are as they came"],
])("who comes with %s is refused, and decides nothing", async (_, env, other, said) => {
  const world = new World();
  world.produce(20);
  const detector = world.start(env);
  await world.decidesAll();
  const wrong = world.start(other);
  expect(await wrong.exit).toBe(78);
  expect(wrong.said()).toContain(said);
  world.produce(20);
  await world.decidesAll();
  detector.stop();
  expect(await detector.exit).toBe(0);
});

test("two that begin together with other keys mix nothing: what the other wrote is rejected by reference", async () => {
  const world = new World();
  // Each has a stage of its own, so that neither sees a marker of the other's first.
  world.start({ ...ENV, STAGES: "source,target,labels" });
  world.start({ ...ENV, STAGES: "gate", TOKENISE_KEY_FILE: "another-secret" });
  world.produce(10);
  await until(() => world.count(TOPICS.rejected) === 10);
  for (const { headers, value } of world.records(TOPICS.rejected)) {
    expect(headers.find(([name]) => name === REJECTED_HEADERS.reason)?.[1]?.toString()).toBe("foreign");
    expect(Object.keys(JSON.parse(String(value)))).toEqual(["size", "timestampMs", "origin"]);
  }
  expect(world.count(TOPICS.legit) + world.count(TOPICS.fraud)).toBe(0);
});

test("a key that is too short is refused, and nothing of it is told", () => {
  const world = new World();
  expect(() => world.start({ ...ENV, TOKENISE_KEY_FILE: "token" })).toThrow(
    'TOKENISE_KEY_FILE names a file with fewer than 32 characters: "token"',
  );
});
