/**
 * Property: whatever happens to a detector's process at any single point where it waits, every input has exactly
 * one output, outputs of a key keep their order, and every count is right.
 *
 * The runtime waits only on its log and its clock, so the points are enumerated: the same run is repeated once
 * for each point and each fault.
 */
import { type CommittedOffset, type Log, MemoryBroker } from "@weir/stream";
import { describe, expect, test } from "vitest";
import { COUNTING_TOPICS, countingStage } from "./counting-stage.ts";
import { GROUP, PARTITIONS, type Parts, runWithFault, SOUND } from "./crash-world.ts";

describe("a fault at every await of the runtime loses nothing, doubles nothing, miscounts nothing", () => {
  for (const fault of ["crash", "error", "zombie", "stop", "joined"] as const)
    test(`${fault} at each point`, { timeout: 120_000 }, async () => {
      const { points } = await runWithFault(null, -1);
      expect(points.length).toBeGreaterThan(60);
      const settled = new Set<string>();
      for (let at = 0; at < points.length; at++) {
        const result = await runWithFault(fault, at).catch((error) => {
          throw new Error(`${fault} at point ${at}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        });
        for (const how of result.settled) settled.add(how);
      }
      if (fault === "error") expect([...settled].sort()).toEqual(["again", "committed", "kept", "restored"]);
    });
});

test("an owner that wakes at any step of a take-over, its commit half done, loses nothing and doubles nothing", {
  timeout: 120_000,
}, async () => {
  const { points } = await runWithFault(null, -1);
  await wakeDuringTakeOver(points, SOUND);
});

/** The first process stands still at each step of some commits, the second has taken so many steps when it goes on. */
async function wakeDuringTakeOver(points: readonly string[], parts: Parts): Promise<void> {
  const commits = points.flatMap((point, at) => (/^end:before/.test(point) ? [at] : []));
  for (const at of commits)
    for (let wakeAt = 0; wakeAt < 110; wakeAt++)
      await runWithFault("zombie", at, parts, wakeAt).catch((error) => {
        throw new Error(`${at}: woken at ${wakeAt}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      });
}

function isLock(id: string): boolean {
  return id.startsWith(`${GROUP}-${COUNTING_TOPICS.input}-`);
}

/** The log's functions on their own, for a wrapper to replace one. */
function forward(log: Log): Log {
  return {
    join: (request) => log.join(request),
    openWriter: (id, group) => log.openWriter(id, group),
    committed: (group, input) => log.committed(group, input),
    bounds: (input) => log.bounds(input),
    read: (input, from, to) => log.read(input, from, to),
    partitions: (topic) => log.partitions(topic),
    close: () => log.close(),
  };
}

/** Each breaks one rule of the exactly-once order. */
const PLANTED: Record<string, Partial<Parts>> = {
  "no fencing": {
    broker: () =>
      new (class extends MemoryBroker {
        override fence(): number {
          return 1;
        }
        override isCurrent(): boolean {
          return true;
        }
      })(),
  },
  "outputs committed without the offset": {
    broker: () =>
      new (class extends MemoryBroker {
        override add(...[transaction, group, part]: Parameters<MemoryBroker["add"]>): void {
          super.add(transaction, group, part);
          transaction.offsets.pop();
        }
      })(),
  },
  "the committed offset read before fencing": {
    wrap: (log) => {
      const early = new Map<number, CommittedOffset | null>();
      return {
        ...forward(log),
        async openWriter(id, group) {
          for (let partition = 0; partition < PARTITIONS; partition++)
            early.set(partition, await log.committed(group, { topic: COUNTING_TOPICS.input, partition }));
          return log.openWriter(id, group);
        },
        committed: async (_, { partition }) => early.get(partition) ?? null,
      };
    },
  },
  "an unknown commit taken for a committed one": {
    wrap: (log) => {
      const last = new Map<number, CommittedOffset>();
      return {
        ...forward(log),
        async openWriter(id, group) {
          const writer = await log.openWriter(id, group);
          return {
            commit(parts) {
              for (const { input, next, tag } of parts) last.set(input.partition, { offset: next, tag });
              return writer.commit(parts);
            },
            close: () => writer.close(),
          };
        },
        committed: async (group, input) => last.get(input.partition) ?? (await log.committed(group, input)),
      };
    },
  },
  "a partition taken without fencing its owner": {
    wrap: (log) => {
      let own: string | null = null;
      return {
        ...forward(log),
        async openWriter(id, group) {
          if (isLock(id)) return log.openWriter(id, group);
          own ??= id;
          if (id === own) return log.openWriter(id, group);
          return { commit: async () => ({ result: "failed" }), close: async () => {} };
        },
      };
    },
  },
  "a partition taken without its lock": {
    wrap: (log) => ({
      ...forward(log),
      openWriter: (id, group) => log.openWriter(isLock(id) ? `${id}-${Math.random()}` : id, group),
    }),
  },
  "the offset from before the owner was fenced": {
    wrap: (log) => {
      const early = new Map<number, CommittedOffset | null>();
      return {
        ...forward(log),
        async openWriter(id, group) {
          if (isLock(id)) early.delete(Number(id.slice(id.lastIndexOf("-") + 1)));
          return log.openWriter(id, group);
        },
        async committed(group, input) {
          if (!early.has(input.partition)) early.set(input.partition, await log.committed(group, input));
          return early.get(input.partition) ?? null;
        },
      };
    },
  },
  "replay that ignores what the snapshot already holds": {
    stage: () => {
      const sound = countingStage();
      const createState = () => {
        const state = sound.createState();
        const load = state.load.bind(state);
        state.load = (key, value) =>
          load(key, value === null ? null : Buffer.from(JSON.stringify({ ...JSON.parse(String(value)), asOf: 0 })));
        return state;
      };
      return { ...sound, createState };
    },
  },
  "a snapshot that forgets what is still dirty": {
    stage: () => {
      const sound = countingStage();
      const createState = () => Object.defineProperty(sound.createState(), "replayFrom", { value: null });
      return { ...sound, createState };
    },
  },
};

describe("the enumeration sees a planted bug", () => {
  for (const [bug, part] of Object.entries(PLANTED))
    test(bug, { timeout: 120_000 }, async () => {
      const parts = { ...SOUND, ...part };
      const { points } = await runWithFault(null, -1);
      const seen = async (): Promise<string | null> => {
        for (const fault of ["error", "zombie", "crash", "stop", "joined"] as const)
          for (let at = 0; at < points.length; at++)
            try {
              await runWithFault(fault, at, parts);
            } catch (error) {
              return `${fault} at ${at}: ${String(error).slice(0, 200)}`;
            }
        try {
          await wakeDuringTakeOver(points, parts);
        } catch (error) {
          return `zombie at ${String(error).slice(0, 200)}`;
        }
        return null;
      };
      expect(await seen()).toMatch(/at \d+: /);
    });
});
