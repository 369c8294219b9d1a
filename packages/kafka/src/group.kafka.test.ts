import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Membership } from "@weir/stream";
import { expect, inject, test, vi } from "vitest";
import { connection, newTopic, openLog } from "./kafka.fixture.ts";
import type { KafkaLogOptions } from "./kafka-log.ts";

const WAIT = { timeout: 30_000, interval: 50 };

type Member = { partitions: readonly number[]; generations: number; membership: Membership };

const join = async (
  topic: string,
  timeouts: Partial<KafkaLogOptions> = { sessionTimeoutMs: 6000 },
): Promise<Member> => {
  const member: Member = { partitions: [], generations: 0, membership: { isLost: true, leave: async () => {} } };
  member.membership = await openLog(timeouts).join({
    group: `${topic}-g`,
    topic,
    onAssigned: (partitions) => {
      member.partitions = partitions;
      member.generations++;
    },
    onFailed: (error) => {
      throw error;
    },
  });
  return member;
};

const all = (...members: readonly Member[]) => members.flatMap((member) => member.partitions).toSorted((a, b) => a - b);

test("survivors keep their partitions when a member joins and when one leaves, which hands over at once", async () => {
  const topic = await newTopic(6);
  const everything = [0, 1, 2, 3, 4, 5];
  const first = await join(topic);
  await vi.waitFor(() => expect(all(first)).toEqual(everything), WAIT);
  const second = await join(topic);
  await vi.waitFor(() => {
    expect(all(first, second)).toEqual(everything);
    expect(second.partitions).toHaveLength(3);
  }, WAIT);
  const [firstHad, secondHad] = [first.partitions, second.partitions];
  const third = await join(topic);
  await vi.waitFor(() => {
    expect(all(first, second, third)).toEqual(everything);
    expect(third.partitions).toHaveLength(2);
  }, WAIT);
  expect(firstHad).toEqual(expect.arrayContaining([...first.partitions]));
  expect(secondHad).toEqual(expect.arrayContaining([...second.partitions]));
  const [firstKept, secondKept] = [first.partitions, second.partitions];
  const leftAt = performance.now();
  await third.membership.leave();
  await third.membership.leave();
  await vi.waitFor(() => expect(all(first, second)).toEqual(everything), WAIT);
  expect(performance.now() - leftAt).toBeLessThan(5000);
  expect(first.partitions).toEqual(expect.arrayContaining([...firstKept]));
  expect(second.partitions).toEqual(expect.arrayContaining([...secondKept]));
});

test("a member that leaves during its first join does leave, and is told of no partitions afterwards", async () => {
  const topic = await newTopic(2);
  const hasty = await join(topic);
  await hasty.membership.leave();
  expect(hasty.generations).toBe(0);
  const next = await join(topic);
  const joinedAt = performance.now();
  await vi.waitFor(() => expect(all(next)).toEqual([0, 1]), WAIT);
  // Had it stayed, the group would have waited for it to expire.
  expect(performance.now() - joinedAt).toBeLessThan(5000);
});

test("a member killed without a word is replaced after the session timeout, and heartbeats keep the other", async () => {
  const topic = await newTopic(4);
  const survivor = await join(topic);
  await vi.waitFor(() => expect(all(survivor)).toEqual([0, 1, 2, 3]), WAIT);
  const program = fileURLToPath(new URL("./group-member.fixture.ts", import.meta.url));
  const child = fork(program, [inject("kafkaBrokers"), `${topic}-g`, topic], { execArgv: [] });
  const [partitions] = (await once(child, "message")) as [number[]];
  expect(partitions).toHaveLength(2);
  await vi.waitFor(() => expect(survivor.partitions).toHaveLength(2), WAIT);
  const kept = survivor.partitions;
  const killedAt = performance.now();
  child.kill("SIGKILL");
  await vi.waitFor(() => expect(all(survivor)).toEqual([0, 1, 2, 3]), WAIT);
  expect(performance.now() - killedAt).toBeLessThan(6000 + 5000);
  expect(survivor.partitions).toEqual(expect.arrayContaining([...kept]));
});

test("a join waits for a log that is out of reach, says so, and ends when the log is closed", async () => {
  const lines: string[] = [];
  const log = openLog({
    connection: connection(["127.0.0.1:1"]),
    log: (level, message) => {
      if (level === "warn") lines.push(message);
    },
  });
  const joining = log.join({ group: "g", topic: "t", onAssigned: () => {}, onFailed: () => {} });
  const refused = expect(joining).rejects.toThrow("closed");
  await vi.waitFor(() => expect(lines).toContain("cannot join the group yet, trying again"), WAIT);
  await log.close();
  await refused;
});

test("a member whose heartbeats wait for ever counts as lost after a session, and joins anew", async () => {
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/broker") as { prototype: { heartbeat: unknown } };
  const topic = await newTopic(2);
  const member = await join(topic, { sessionTimeoutMs: 6000, rebalanceTimeoutMs: 2000 });
  await vi.waitFor(() => expect(all(member)).toEqual([0, 1]), WAIT);
  expect(member.membership.isLost).toBe(false);
  const { heartbeat } = prototype;
  prototype.heartbeat = () => new Promise(() => {});
  try {
    await vi.waitFor(() => expect(member.membership.isLost).toBe(true), WAIT);
  } finally {
    prototype.heartbeat = heartbeat;
  }
  const { generations } = member;
  await vi.waitFor(() => expect(member.generations).toBeGreaterThan(generations), WAIT);
  expect(member.membership.isLost).toBe(false);
  expect(all(member)).toEqual([0, 1]);
});

test("a consumer that was replaced while it joined leaves again as soon as that is answered", async () => {
  type Join = (request: object) => Promise<object>;
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/broker") as { prototype: { joinGroup: Join } };
  const { joinGroup } = prototype;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let joins = 0;
  prototype.joinGroup = async function (request) {
    joins += 1;
    if (joins === 1) await released;
    return joinGroup.call(this, request);
  };
  const topic = await newTopic(2);
  try {
    const member = await join(topic, { sessionTimeoutMs: 6000, rebalanceTimeoutMs: 2000 });
    await vi.waitFor(() => expect(all(member)).toEqual([0, 1]), WAIT);
    const { generations } = member;
    release();
    // One more generation when it comes, and one when it goes.
    await vi.waitFor(() => expect(member.generations).toBeGreaterThanOrEqual(generations + 2), WAIT);
    expect(all(member)).toEqual([0, 1]);
  } finally {
    prototype.joinGroup = joinGroup;
  }
});
