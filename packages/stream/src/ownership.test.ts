import { describe, expect, test } from "vitest";
import { encodeMarker, MARKER_KEY } from "./marker.ts";
import { MemoryBroker } from "./memory-broker.ts";
import { MemoryLog } from "./memory-log.ts";
import { lockId, processWriterId, seize } from "./ownership.ts";
import type { CommitPart, CommittedOffset, Writer } from "./port.ts";
import { tagOf } from "./standing.ts";
import { VirtualClock } from "./virtual-clock.ts";

const GROUP = "g";
const INPUT = { topic: "in", partition: 0 };
const STATE = { topic: "in.state", partition: 0 };

/** The committed offset of a batch that ended at `next`, its marker beside it; of an engine that said of what input, or not. */
function partOf(next: number, owner: string | null, batch: string | null = `b${next}`, inputId?: string): CommitPart {
  const tag = tagOf({ batch, owner });
  const replayFrom = { offset: next, streamTimeMs: -1 };
  const marker = encodeMarker({
    position: next,
    replayFrom,
    identity: "i",
    epoch: 0,
    tag,
    snapshotFrom: 0,
    historySinceMs: 0,
    feeds: null,
    inputId,
  });
  const output = { ...STATE, key: MARKER_KEY, value: marker, headers: [], timestampMs: 0 };
  return { input: INPUT, next, tag, outputs: [output] };
}

function aPartition() {
  const broker = new MemoryBroker();
  broker.createTopic(INPUT.topic, 1);
  broker.createTopic(STATE.topic, 1);
  const clock = new VirtualClock();
  const log = new MemoryLog(broker);
  const forgotten: (readonly [committed: number | null, position: number])[] = [];
  const onForgotten = (...told: (typeof forgotten)[number]): void => void forgotten.push(told);
  const seizeAs = async (processId: string, { isLost = false } = {}) => {
    const context = { log, clock, group: GROUP, input: INPUT, stateTopic: STATE.topic, processId, deadlineMs: 1_000 };
    const seizing = seize({ ...context, signal: new AbortController().signal, isLost: () => isLost, onForgotten });
    let done = false;
    const end = (): void => {
      done = true;
    };
    seizing.then(end, end);
    await clock.runUntil("the partition to be seized", () => done);
    return seizing;
  };
  const openAs = (processId: string): Promise<Writer> => log.openWriter(processWriterId(GROUP, processId), GROUP);
  const commit = async (writer: Writer, part: CommitPart) => (await writer.commit([part])).result;
  const set = (committed: CommittedOffset | null) => broker.overwriteCommitted(GROUP, INPUT, committed);
  return { broker, log, clock, seizeAs, openAs, commit, set, forgotten };
}

describe("seizing a partition", () => {
  test("that was never owned finds nothing", async () => {
    const { seizeAs } = aPartition();
    expect((await seizeAs("p")).standing).toBeNull();
  });

  test("from a process that lives ends what it can commit", async () => {
    const { seizeAs, openAs, commit } = aPartition();
    const old = await openAs("old");
    expect(await commit(old, partOf(4, "old"))).toBe("committed");
    expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: "old" });
    expect(await commit(old, partOf(9, "old"))).not.toBe("committed");
  });

  test("from a process that has handed over leaves its writer alone", async () => {
    const { seizeAs, openAs, commit } = aPartition();
    const old = await openAs("old");
    await commit(old, partOf(4, "old"));
    await commit(old, partOf(4, null));
    expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: null });
    expect(await commit(old, { ...partOf(1, "old"), input: { topic: "in", partition: 7 } })).toBe("committed");
  });

  test("anew by its owner shuts out whoever was about to take it", async () => {
    const { log, seizeAs, openAs, commit } = aPartition();
    await commit(await openAs("p"), partOf(4, "p"));
    const claimant = await log.openWriter(lockId(GROUP, INPUT), GROUP);
    expect((await seizeAs("p")).standing).toEqual({ offset: 4, batch: "b4", owner: "p" });
    expect(await commit(claimant, partOf(4, "late", "b4"))).not.toBe("committed");
  });

  test("that is another's by now is not for a process whose group is silent, its own is", async () => {
    const { seizeAs, openAs, commit } = aPartition();
    const owner = await openAs("p");
    await commit(owner, partOf(4, "p"));
    await expect(seizeAs("zombie", { isLost: true })).rejects.toThrow("the group is silent");
    expect(await commit(owner, partOf(5, "p"))).toBe("committed");
    expect((await seizeAs("p", { isLost: true })).standing).toEqual({ offset: 5, batch: "b5", owner: "p" });
    await commit(owner, partOf(5, null, "b5"));
    await expect(seizeAs("zombie", { isLost: true })).rejects.toThrow("the group is silent");
  });

  test("believes no offset that is missing or older than the marker, and goes on once the log tells the right one", async () => {
    for (const stale of [null, { offset: 2, tag: tagOf({ batch: "b2", owner: "old" }) }]) {
      const { broker, clock, seizeAs, openAs, commit, set } = aPartition();
      await commit(await openAs("old"), partOf(4, "old"));
      const right = broker.committed(GROUP, INPUT);
      set(stale);
      void clock.sleep(2_000).then(() => set(right));
      expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: "old" });
    }
  });

  test("fences the owner that the marker names, though the offset's tag is older", async () => {
    const { seizeAs, openAs, commit, set, clock, broker } = aPartition();
    await commit(await openAs("first"), partOf(4, "first"));
    const second = await openAs("second");
    await commit(second, partOf(4, "second", "b4"));
    const right = broker.committed(GROUP, INPUT);
    set({ offset: 4, tag: tagOf({ batch: "b4", owner: "first" }) });
    void clock.sleep(1_000).then(() => set(right));
    await seizeAs("third");
    expect(await commit(second, partOf(5, "second"))).not.toBe("committed");
  });

  test("goes on from the marker when the log has forgotten the offset for good, and says so", async () => {
    for (const told of [null, { offset: 2, tag: tagOf({ batch: "b2", owner: "older" }) }]) {
      const { broker, seizeAs, openAs, commit, set, forgotten } = aPartition();
      const old = await openAs("old");
      const inputId = broker.topicId(INPUT.topic);
      await commit(old, partOf(4, "old", "b4", inputId));
      set(told);
      const { standing, lock } = await seizeAs("new");
      expect(standing).toEqual({ offset: 4, batch: "b4", owner: "old" });
      expect(forgotten).toEqual([[told?.offset ?? null, 4]]);
      expect(await commit(old, partOf(5, "old"))).not.toBe("committed");
      expect(await commit(lock, partOf(4, "new", "b4", inputId))).toBe("committed");
      expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: "new" });
      expect(forgotten).toHaveLength(1);
    }
  });

  test("goes on from the marker of an engine that told no input, if the log tells an older commit", async () => {
    const { seizeAs, openAs, commit, set, forgotten } = aPartition();
    await commit(await openAs("old"), partOf(4, "old"));
    set({ offset: 2, tag: tagOf({ batch: "b2", owner: "older" }) });
    expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: "old" });
    expect(forgotten).toEqual([[2, 4]]);
  });

  test("stops when the input was made anew, whatever the log tells", async () => {
    for (const told of [null, { offset: 2, tag: tagOf({ batch: "b2", owner: "old" }) }]) {
      const { broker, seizeAs, openAs, commit, set, forgotten } = aPartition();
      await commit(await openAs("old"), partOf(4, "old", "b4", broker.topicId(INPUT.topic)));
      broker.deleteTopic(INPUT.topic);
      broker.createTopic(INPUT.topic, 1);
      set(told);
      await expect(seizeAs("new")).rejects.toThrow("in was deleted and made anew since");
      expect(forgotten).toEqual([]);
    }
  });

  test("stops when the offset is gone and nobody told of what input, or it was set by hand, and says what would mend it", async () => {
    const { seizeAs, openAs, commit, set, forgotten } = aPartition();
    await commit(await openAs("old"), partOf(4, "old"));
    set(null);
    await expect(seizeAs("new")).rejects.toThrow("decided up to offset 4");
    for (const tag of ["by hand", ""]) {
      set({ offset: 3, tag });
      await expect(seizeAs("new")).rejects.toThrow("Mend: set the group's offset to 4");
    }
    set({ offset: 9, tag: tagOf({ batch: "b9", owner: "old" }) });
    await expect(seizeAs("new")).rejects.toThrow("changed by hand");
    set({ offset: 4, tag: "by hand" });
    expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "by hand", owner: null });
    expect(forgotten).toEqual([]);
  });

  test("finds a marker far from the end, behind transactions that were aborted", async () => {
    const { broker, seizeAs, openAs, commit } = aPartition();
    await commit(await openAs("old"), partOf(4, null));
    for (let turn = 0; turn < 100; turn++) {
      const epoch = broker.fence("other");
      broker.add(broker.begin("other", epoch), "elsewhere", partOf(turn, "other"));
    }
    broker.fence("other");
    expect((await seizeAs("new")).standing).toEqual({ offset: 4, batch: "b4", owner: null });
  });
});
