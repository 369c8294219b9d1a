/**
 * Property: whatever befalls a replay at any single point where it waits, and whoever else replays the same at that moment,
 * each letter is in the input exactly once when the command has been run to its end, and the ledger says so.
 */
import { REPLAY_HEADER, TOPICS } from "@weir/schema";
import {
  type Clock,
  type Interfere,
  type Log,
  type MemoryBroker,
  MemoryLog,
  RetryLater,
  Unrecoverable,
} from "@weir/stream";
import { describe, expect, test } from "vitest";
import { LedgerIncomplete } from "./ledger.ts";
import { aBroker, aLetter, LEDGER, PARTITIONS, recordsOf } from "./letters.fixture.ts";
import { Replayer } from "./replayer.ts";
import { planResend, type Resend } from "./resend.ts";

const target = {
  topic: TOPICS.transactions,
  holds: "transactions",
  partitions: PARTITIONS,
  retentionMs: null,
} as const;
const clock: Clock = { now: () => 0, sleep: async () => {}, turn: async () => {} };
const origins = [0, 1, 2].map((offset) => `${TOPICS.transactions}/${offset}/7`);

function resendOf(origin: string): Resend {
  const plan = planResend({ letter: aLetter({ origin }), fixed: null, targets: [target], nowMs: 0 });
  if (!plan.ok) throw new Error(plan.why);
  return plan.resend;
}

const resends = origins.map(resendOf);

/** Sound parts, or one with a bug planted. */
type Plant = (log: Log) => Log;
const sound: Plant = (log) => log;

function aReplayer(broker: MemoryBroker, run: string, plant = sound, interfere: Interfere = () => undefined): Replayer {
  const log = plant(new MemoryLog(broker, { interfere }));
  return new Replayer({ log, clock, appId: "weir", ledgerTopic: LEDGER, run, nowMs: () => 5_000 });
}

/** Throws unless each origin is in the input once, and in the ledger. */
function expectEachOnce(broker: MemoryBroker): void {
  const sent = recordsOf(broker, TOPICS.transactions).map(
    ({ headers }) => headers.find(([name]) => name === REPLAY_HEADER)?.[1]?.toString() ?? "",
  );
  expect(sent.toSorted()).toEqual(origins);
  expect(
    recordsOf(broker, LEDGER)
      .map(({ key }) => String(key))
      .toSorted(),
  ).toEqual(origins);
}

type Fault = "crash" | "error" | "broker gone" | "another replay";

/** How many points there were when nothing befell it. */
async function runWith(fault: Fault | null, at: number, plant: Plant): Promise<number> {
  const broker = aBroker();
  let points = 0;
  const crashed = Promise.withResolvers<"crashed">();
  let others: string[] = [];
  const interfere: Interfere = (): Promise<void> | undefined => {
    const point = points++;
    const hit = fault === "broker gone" ? point >= at : point === at;
    if (!hit) return undefined;
    if (fault === "crash") {
      crashed.resolve("crashed");
      return new Promise(() => {});
    }
    if (fault === "another replay")
      return aReplayer(broker, "other", plant)
        .send(resends)
        .then((outcomes) => {
          others = outcomes.map(({ result }) => result);
        });
    return Promise.reject(new RetryLater("interfered"));
  };
  const first = aReplayer(broker, "first", plant, interfere);
  const ended = await Promise.race([
    crashed.promise,
    first.send(resends).then(
      (outcomes) => outcomes.map(({ result }) => result),
      (error: unknown) => {
        if (fault !== "broker gone" || !(error instanceof RetryLater)) throw error;
        return "gave up" as const;
      },
    ),
  ]);
  if (fault === "error") expect(ended).toEqual(["sent", "sent", "sent"]);
  if (fault === "another replay" && others.length > 0)
    expect([ended, others].map(String).toSorted()).toEqual(["already,already,already", "sent,sent,sent"]);
  await aReplayer(broker, "again", plant).send(resends);
  expectEachOnce(broker);
  return points;
}

const FAULTS: readonly Fault[] = ["crash", "error", "broker gone", "another replay"];

describe("a fault at every await of a replay: each letter is sent once", () => {
  for (const fault of FAULTS)
    test(`${fault} at each point`, async () => {
      const points = await runWith(null, -1, sound);
      expect(points).toBeGreaterThan(10);
      for (let at = 0; at < points; at++)
        await runWith(fault, at, sound).catch((error) => {
          throw new Error(`${fault} at point ${at}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        });
    });
});

/** A log with one method in place of the sound one. */
function withMethod(log: Log, replaced: Partial<Log>): Log {
  return new Proxy(log, {
    get(target, name) {
      const method = Reflect.get(replaced, name) ?? Reflect.get(target, name);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

let unique = 0;

const PLANTED: Readonly<Record<string, Plant>> = {
  "a writer that fences nobody": (log) =>
    withMethod(log, { openWriter: (id, group) => log.openWriter(`${id}-${unique++}`, group) }),
  "a ledger that is read before fencing": (log) => {
    const seen = new Map<number, { readonly start: number; readonly end: number }>();
    return withMethod(log, {
      async openWriter(id, group) {
        for (let partition = 0; partition < PARTITIONS; partition++)
          seen.set(partition, await log.bounds({ topic: LEDGER, partition }));
        return log.openWriter(id, group);
      },
      bounds: async (input) => seen.get(input.partition) ?? (await log.bounds(input)),
      committed: async () => null,
    });
  },
  "entries of the ledger in a transaction of their own": (log) =>
    withMethod(log, {
      async openWriter(id, group) {
        const writer = await log.openWriter(id, group);
        return {
          async commit(parts) {
            const [part] = parts;
            if (part === undefined) return { result: "committed" };
            const of = (isLedger: boolean) => [...part.outputs].filter(({ topic }) => (topic === LEDGER) === isLedger);
            const first = await writer.commit([{ ...part, outputs: of(false) }]);
            return first.result === "committed" ? writer.commit([{ ...part, outputs: of(true) }]) : first;
          },
          close: () => writer.close(),
        };
      },
      committed: async () => null,
    }),
  "an unknown commit that is taken for a failed one, without a look at the ledger": (log) => {
    let ends: Map<number, number> | null = null;
    return withMethod(log, {
      async bounds(input) {
        ends ??= new Map(
          await Promise.all(
            Array.from({ length: PARTITIONS }, async (_, partition) => {
              const { end } = await log.bounds({ topic: LEDGER, partition });
              return [partition, end] as const;
            }),
          ),
        );
        return { start: 0, end: ends.get(input.partition) ?? 0 };
      },
      committed: async () => null,
    });
  },
};

describe("the enumeration sees a planted bug", () => {
  for (const [bug, plant] of Object.entries(PLANTED))
    test(bug, async () => {
      const points = await runWith(null, -1, sound);
      const seen: string[] = [];
      for (const fault of FAULTS)
        for (let at = 0; at < points; at++) await runWith(fault, at, plant).catch(() => seen.push(`${fault} at ${at}`));
      expect(seen).not.toEqual([]);
    });
});

test("a second replay of the same origin says so and sends nothing, in the same process or another", async () => {
  const broker = aBroker();
  const replayer = aReplayer(broker, "first");
  const results = async (one: Replayer) => (await one.send(resends)).map(({ result }) => result);
  expect(await results(replayer)).toEqual(["sent", "sent", "sent"]);
  expect(await results(replayer)).toEqual(["already", "already", "already"]);
  const [outcome] = await aReplayer(broker, "second").send(resends);
  expect(outcome).toMatchObject({ result: "already", entry: { run: "first", atMs: 5_000, bytes: "original" } });
  expectEachOnce(broker);
});

test("an origin that is given twice at once goes once", async () => {
  const broker = aBroker();
  const outcomes = await aReplayer(broker, "first").send([...resends, ...resends]);
  expect(outcomes).toHaveLength(3);
  expectEachOnce(broker);
});

test("a compacted ledger remembers every origin", async () => {
  const broker = aBroker();
  await aReplayer(broker, "first").send(resends);
  for (const partition of broker.partitions(LEDGER)) partition.compact();
  await aReplayer(broker, "second").send(resends);
  expectEachOnce(broker);
});

test("a ledger that lacks what was committed stops the replay, and nothing is sent", async () => {
  const broker = aBroker();
  await aReplayer(broker, "first").send(resends.slice(0, 1));
  const emptied = broker.partitions(LEDGER);
  for (const partition of emptied) partition.truncate(partition.end);
  await expect(aReplayer(broker, "second").send(resends)).rejects.toThrow(LedgerIncomplete);
  expect(recordsOf(broker, TOPICS.transactions)).toHaveLength(1);
});

test("an error that will not pass is not tried again", async () => {
  let opened = 0;
  const replayer = aReplayer(aBroker(), "first", (log) =>
    withMethod(log, {
      openWriter: async () => {
        opened++;
        throw new Unrecoverable("never");
      },
    }),
  );
  await expect(replayer.send(resends)).rejects.toThrow("never");
  expect(opened).toBe(1);
});
