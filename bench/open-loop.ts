/**
 * Payments that are due at a fixed rate, whatever becomes of those before, and their decisions as a reader of committed
 * records gets them. Each carries the time at which it was due, not that of a sender that was held up. Times are ms since 1970.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Arena, Outputs } from "./arena.ts";
import { Payments } from "./workload.ts";

const TICK_MS = 3;
/** One has to wait for the answer to its request; what falls due meanwhile is the others', as with many tills. */
const PRODUCERS = 3;
const MOST_IN_ONE_SEND = 5_000;

export type Stream = {
  readonly topic: string;
  readonly partitions: number;
  readonly keys: number;
  /** Payments due a second. */
  readonly rate: number;
};

/** Sends what falls due before `untilMs()`, which may be told while it runs; `sent` hears of each. */
export async function sendDue(
  arena: Arena,
  { topic, partitions, keys, rate }: Stream,
  untilMs: () => number,
  sent: (dueMs: number, atMs: number) => void,
): Promise<void> {
  const payments = new Payments({ keys, partitions });
  const startMs = nowMs();
  let number = 0;
  const dueMs = (): number => Math.floor(startMs + (number * 1_000) / rate);
  const send = async (): Promise<void> => {
    const producer = arena.producer();
    while (dueMs() < untilMs()) {
      const atMs = nowMs();
      const records = [];
      for (; dueMs() <= atMs && dueMs() < untilMs() && records.length < MOST_IN_ONE_SEND; number++) {
        records.push(payments.next(dueMs()).record);
        sent(dueMs(), atMs);
      }
      if (records.length > 0) await producer.send(topic, records);
      await sleep(TICK_MS);
    }
    await producer.close();
  };
  await Promise.all(Array.from({ length: PRODUCERS }, send));
}

/** `decided` hears of each decision that a reader gets from now on. Returns what ends it. */
export function watchDecisions(
  arena: Arena,
  { legit, fraud }: Outputs,
  partitions: number,
  decided: (dueMs: number, atMs: number) => void,
): () => void {
  const readers = [legit, fraud].flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => arena.log.read({ topic, partition }, 0)),
  );
  for (const reader of readers)
    void (async () => {
      for (;;) {
        const batch = await reader.next();
        if (batch === null) return;
        const atMs = nowMs();
        for (const { timestampMs } of batch.records) decided(timestampMs, atMs);
      }
    })().catch(() => {});
  return () => {
    for (const reader of readers) reader.close();
  };
}

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
