import { describe, expect, test } from "vitest";
import { MemoryBroker } from "./memory-broker.ts";
import { MemoryLog } from "./memory-log.ts";
import { decidedUpTo, lockId, processWriterId, standingOf, tagOf, takeOwnership } from "./ownership.ts";
import { VirtualClock } from "./virtual-clock.ts";

const GROUP = "g";
const INPUT = { topic: "in", partition: 0 };

function aPartition() {
  const broker = new MemoryBroker();
  broker.createTopic("in", 1);
  const clock = new VirtualClock();
  const log = new MemoryLog(broker);
  const take = async (processId: string) => {
    const context = { log, clock, group: GROUP, input: INPUT, processId, deadlineMs: 1_000 };
    const taken = takeOwnership({ ...context, signal: new AbortController().signal });
    let done = false;
    const end = (): void => {
      done = true;
    };
    taken.then(end, end);
    await clock.runUntil("the partition to be taken", () => done);
    return taken;
  };
  const commit = async (writer: Awaited<ReturnType<MemoryLog["openWriter"]>>, next: number, owner: string | null) =>
    (await writer.commit([{ input: INPUT, next, tag: tagOf({ batch: `b${next}`, owner }), outputs: [] }])).result;
  return { broker, log, take, commit, tag: () => broker.committed(GROUP, INPUT)?.tag };
}

describe("a tag", () => {
  for (const standing of [
    { batch: "b1", owner: "p" },
    { batch: "b1", owner: null },
    { batch: null, owner: "p" },
    { batch: null, owner: null },
  ])
    test(`of ${JSON.stringify(standing)} is read as it was written`, () => {
      expect(standingOf({ offset: 3, tag: tagOf(standing) })).toEqual({ offset: 3, ...standing });
    });

  test("of nobody's making still says up to where was decided", () => {
    expect(decidedUpTo(standingOf({ offset: 3, tag: "" }))).toBe(3);
    expect(decidedUpTo(standingOf({ offset: 3, tag: "by hand" }))).toBe(3);
  });

  test("of a claim alone says that nothing was decided", () => {
    expect(decidedUpTo(standingOf({ offset: 3, tag: tagOf({ batch: null, owner: "p" }) }))).toBeNull();
    expect(decidedUpTo(null)).toBeNull();
  });
});

describe("taking a partition", () => {
  test("of which nothing is known begins at the start of its log", async () => {
    const { take, tag, broker } = aPartition();
    broker.partition(INPUT).truncate(0);
    expect(await take("p")).toEqual({ offset: 0, batch: null, owner: "p" });
    expect(tag()).toBe(";p");
  });

  test("from a process that lives ends what it can commit", async () => {
    const { log, take, commit, tag } = aPartition();
    const old = await log.openWriter(processWriterId(GROUP, "old"), GROUP);
    await take("old");
    expect(await commit(old, 4, "old")).toBe("committed");
    expect(await take("new")).toEqual({ offset: 4, batch: "b4", owner: "new" });
    expect(await commit(old, 9, "old")).not.toBe("committed");
    expect(tag()).toBe("b4;new");
  });

  test("from a process that has handed over leaves its writer alone", async () => {
    const { log, take, commit } = aPartition();
    const old = await log.openWriter(processWriterId(GROUP, "old"), GROUP);
    await take("old");
    await commit(old, 4, "old");
    await commit(old, 4, null);
    expect(await take("new")).toEqual({ offset: 4, batch: "b4", owner: "new" });
    expect((await old.commit([])).result).toBe("committed");
    const other = { input: { topic: "in", partition: 7 }, next: 1, tag: "t", outputs: [] };
    expect((await old.commit([other])).result).toBe("committed");
  });

  test("anew by its owner changes nothing, but shuts out whoever was about to take it", async () => {
    const { log, take, commit, tag } = aPartition();
    await take("p");
    const claimant = await log.openWriter(lockId(GROUP, INPUT), GROUP);
    expect(await take("p")).toEqual({ offset: 0, batch: null, owner: "p" });
    expect(await commit(claimant, 0, "late")).not.toBe("committed");
    expect(tag()).toBe(";p");
  });
});
