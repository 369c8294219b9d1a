import { expect, test } from "vitest";
import { Committer } from "./committer.ts";
import { noEvents, type TransactionEnded } from "./events.ts";
import { MemoryBroker } from "./memory-broker.ts";
import { MemoryLog } from "./memory-log.ts";
import type { CommitPart } from "./port.ts";
import { tagOf } from "./standing.ts";
import { VirtualClock } from "./virtual-clock.ts";

const GROUP = "g";

/** A committer over a log in memory; `ended` is what its transactions were. `interfere` as in MemoryLog. */
function aCommitter(interfere?: (point: string) => Promise<void> | undefined, commitIntervalMs = 0) {
  const broker = new MemoryBroker();
  broker.createTopic("in", 4);
  const ended: TransactionEnded[] = [];
  const clock = new VirtualClock();
  const committer = new Committer({
    log: new MemoryLog(broker, interfere === undefined ? {} : { interfere }),
    clock,
    group: GROUP,
    processId: "p",
    deadlineMs: 1_000,
    commitIntervalMs,
    events: { ...noEvents, transactionEnded: (event) => ended.push(event) },
  });
  const committed = (partition: number) => broker.committed(GROUP, { topic: "in", partition })?.offset ?? null;
  return { committer, ended, committed, broker, clock };
}

const part = (partition: number, next: number, outputs = 0): CommitPart => ({
  input: { topic: "in", partition },
  next,
  tag: tagOf({ batch: `${partition}/${next}`, owner: "p" }),
  outputs: Array.from({ length: outputs }, () => ({
    ...{ topic: "in", partition, key: null, value: null, headers: [], timestampMs: 0 },
  })),
});

test("partitions that become ready in one turn share a transaction, and so do those that gather while one is under way", async () => {
  const { committer, ended, committed } = aCommitter();
  const session = await committer.session();
  const first = [session.commit(part(0, 5)), session.commit(part(1, 7))];
  const later = Promise.resolve().then(() => Promise.all([first[0], session.commit(part(2, 3))]));
  await Promise.all([...first, later]);
  await Promise.all([session.commit(part(0, 6)), session.commit(part(1, 8)), session.commit(part(3, 1))]);
  expect(ended.map(({ partitions }) => partitions)).toEqual([
    [0, 1, 2],
    [0, 1, 3],
  ]);
  expect([0, 1, 2, 3].map(committed)).toEqual([6, 8, 3, 1]);
});

test("two batches of one partition go into two transactions, in their order", async () => {
  const { committer, ended, committed } = aCommitter();
  const session = await committer.session();
  await Promise.all([session.commit(part(0, 5)), session.commit(part(0, 9)), session.commit(part(1, 2))]);
  expect(ended.map(({ partitions }) => partitions)).toEqual([[0, 1], [0]]);
  expect(committed(0)).toBe(9);
});

test("a batch that is sent again goes alone, so that one which the log will not take holds up no other partition", async () => {
  const { committer, ended } = aCommitter();
  const session = await committer.session();
  await Promise.all([
    session.commit(part(0, 5), { alone: true }),
    session.commit(part(1, 5)),
    session.commit(part(2, 5), { alone: true }),
    session.commit(part(3, 5)),
  ]);
  expect(ended.map(({ partitions }) => partitions)).toEqual([[0], [1, 3], [2]]);
});

test("after a commit that failed the session is lost for all, and the next one fences what is left of it", async () => {
  let failing = false;
  const { committer, ended, committed, broker } = aCommitter((point) => {
    if (failing && point === "end:before") throw new Error("the broker is gone");
    return undefined;
  });
  const lost = await committer.session();
  failing = true;
  const results = await Promise.allSettled([
    lost.commit(part(0, 5)),
    lost.commit(part(0, 6)),
    lost.commit(part(1, 5), { alone: true }),
  ]);
  failing = false;
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(lost.ended.aborted).toBe(true);
  await expect(lost.commit(part(0, 5))).rejects.toThrow("the writer is lost");
  expect(ended.map(({ result }) => result)).toEqual(["unknown"]);
  const next = await committer.session();
  expect(next).not.toBe(lost);
  await next.commit(part(0, 5));
  expect([0, 1].map(committed)).toEqual([5, null]);
  expect(broker.isCurrent("g-p", 2)).toBe(true);
});

test("a small transaction begins no sooner than the interval after the one before, and one that is awaited longer at once", async () => {
  const { committer, ended, clock } = aCommitter(undefined, 20);
  const session = await committer.session();
  await session.commit(part(0, 1));
  expect(clock.now()).toBe(0);
  const gathered: Promise<void>[] = [];
  void clock.sleep(5).then(() => gathered.push(session.commit(part(0, 2))));
  void clock.sleep(15).then(() => gathered.push(session.commit(part(1, 2))));
  await clock.runUntil("both to be committed", () => ended.length === 2);
  expect(clock.now()).toBe(20);
  expect(ended.map(({ partitions }) => partitions)).toEqual([[0], [0, 1]]);
  void clock.sleep(300).then(() => session.commit(part(0, 3)));
  await clock.runUntil("a late one", () => ended.length === 3);
  expect(clock.now()).toBe(320);
});

test("one with many outputs, one that is sent again, and the end of the session wait for no interval", async () => {
  const { committer, ended, clock } = aCommitter(undefined, 20);
  const session = await committer.session();
  await session.commit(part(0, 1));
  const small = session.commit(part(0, 2));
  void clock.sleep(3).then(() => session.commit(part(1, 9, 100)));
  await clock.runUntil("the small one", () => ended.length === 2);
  await small;
  expect(clock.now()).toBe(3);
  void session.commit(part(0, 3), { alone: true });
  await clock.runUntil("the one that is sent again", () => ended.length === 3);
  expect(clock.now()).toBe(3);
  const last = session.commit(part(0, 4));
  void clock.sleep(4).then(() => session.end());
  const outcome = await Promise.allSettled([last, clock.runUntil("the end", () => session.ended.aborted)]);
  expect(outcome[0].status).toBe("rejected");
  expect(clock.now()).toBe(7);
});
