/** Bugs to plant: each breaks one rule of the exactly-once order. Whatever proves that order must see every one. */
import {
  type CommittedOffset,
  isMarkerKey,
  type Log,
  MemoryBroker,
  type Stage,
  type TopicPartition,
} from "@weir/stream";
import { forward } from "./forward.ts";

/** The sound parts of a world, or replacements for some of them. */
export type Parts = {
  readonly broker: () => MemoryBroker;
  readonly alter: (stage: Stage) => Stage;
  readonly wrap: (log: Log) => Log;
};

export const SOUND: Parts = { broker: () => new MemoryBroker(), alter: (stage) => stage, wrap: (log) => log };

export const PLANTED: Readonly<Record<string, Partial<Parts>>> = {
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
  "outputs committed without where they end": {
    broker: () =>
      new (class extends MemoryBroker {
        override add(...[transaction, group, part]: Parameters<MemoryBroker["add"]>): void {
          // Neither of the two witnesses: the marker alone would be enough to go on from.
          const outputs = [...part.outputs].filter(({ key }) => key === null || !isMarkerKey(key));
          super.add(transaction, group, { ...part, outputs });
          transaction.offsets.pop();
        }
      })(),
  },
  "a partition taken without fencing its owner": {
    wrap: (log) => {
      let own: string | undefined;
      return {
        ...forward(log),
        async openWriter(id, group) {
          if (isLock(id)) return log.openWriter(id, group);
          own ??= processOf(id);
          if (processOf(id) === own) return log.openWriter(id, group);
          return { commit: async () => ({ result: "failed" }), close: async () => {} };
        },
      };
    },
  },
  "a partition taken without its lock": {
    wrap: (log) => {
      let locks = 0;
      return {
        ...forward(log),
        openWriter: (id, group) => log.openWriter(isLock(id) ? `${id}-unlike-${locks++}` : id, group),
      };
    },
  },
  "the offset of before the owner was fenced": {
    // What is read while the lock is being taken stays what is told, whoever commits meanwhile; the marker's too.
    wrap: (log) => {
      const early = new Map<string, CommittedOffset | null>();
      const ends = new Map<string, { readonly start: number; readonly end: number }>();
      return {
        ...forward(log),
        async openWriter(id, group) {
          if (isLock(id)) {
            early.clear();
            ends.clear();
          }
          return log.openWriter(id, group);
        },
        async committed(group, input) {
          const key = `${group} ${nameOf(input)}`;
          if (!early.has(key)) early.set(key, await log.committed(group, input));
          return early.get(key) ?? null;
        },
        async bounds(input) {
          const known = ends.get(nameOf(input)) ?? (await log.bounds(input));
          ends.set(nameOf(input), known);
          return known;
        },
      };
    },
  },
  "an unknown commit taken for a committed one": {
    wrap: (log) => {
      const last = new Map<string, CommittedOffset>();
      return {
        ...forward(log),
        async openWriter(id, group) {
          const writer = await log.openWriter(id, group);
          return {
            commit(parts) {
              for (const { input, next, tag } of parts) last.set(nameOf(input), { offset: next, tag });
              return writer.commit(parts);
            },
            close: () => writer.close(),
          };
        },
        committed: async (group, input) => last.get(nameOf(input)) ?? (await log.committed(group, input)),
      };
    },
  },
  "replay that ignores what the snapshot already holds": {
    alter: (stage) => ({
      ...stage,
      createState() {
        const state = stage.createState();
        const load = state.load.bind(state);
        state.load = (key, value) =>
          load(key, value === null ? null : Buffer.from(JSON.stringify({ ...JSON.parse(String(value)), asOf: 0 })));
        return state;
      },
    }),
  },
  "a snapshot that forgets what is still dirty": {
    alter: (stage) => ({
      ...stage,
      createState: () => Object.defineProperty(stage.createState(), "replayFrom", { value: null }),
    }),
  },
};

/** `<group>-<topic>-<partition>`, which a process's own id never looks like. */
function isLock(id: string): boolean {
  return /-\d+$/.test(id);
}

function processOf(id: string): string | undefined {
  return id.split("-").at(-1);
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
