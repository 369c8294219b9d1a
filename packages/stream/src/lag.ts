/** What of a topic a group has not decided yet, told by the log alone: whoever decides it may be any process. */
import type { Log, TopicPartition } from "./port.ts";
import { batchesIn } from "./read-range.ts";

/**
 * Offsets from what is committed to the end, over all partitions. The marks that transactions leave in a log count too,
 * so that a few may be left where no record is.
 */
export async function lagOf(log: Log, group: string, topic: string, partitions: number): Promise<number> {
  const gaps = await Promise.all(inputsOf(topic, partitions).map((input) => gapOf(log, group, input)));
  return gaps.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The same, but 0 where no record is left: looks into the log, so it is for those who wait for the end. */
export async function waitingOf(log: Log, group: string, topic: string, partitions: number): Promise<number> {
  const counts = await Promise.all(
    inputsOf(topic, partitions).map(async (input) => {
      const { from, to } = await gapOf(log, group, input);
      return (await holdsRecord(log, input, from, to)) ? to - from : 0;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Offsets of one partition that a group has still to be through with. */
export type Stretch = { readonly input: TopicPartition; readonly from: number; readonly to: number };

/** What now is in each partition of a topic. */
export function stretchesOf(log: Log, topic: string, partitions: number): Promise<Stretch[]> {
  return Promise.all(
    inputsOf(topic, partitions).map(async (input) => {
      const { start, end } = await log.bounds(input);
      return { input, from: start, to: end };
    }),
  );
}

/** What is left of them, those apart that hold no record any more: looked into only where the group has stood still. */
export async function leftOf(log: Log, group: string, stretches: readonly Stretch[]): Promise<Stretch[]> {
  const left = await Promise.all(
    stretches.map(async ({ input, from: before, to }) => {
      const committed = await log.committed(group, input);
      const from = Math.max(committed?.offset ?? before, before);
      const isLeft = from === before ? await holdsRecord(log, input, from, to) : from < to;
      return isLeft ? [{ input, from, to }] : [];
    }),
  );
  return left.flat();
}

function inputsOf(topic: string, partitions: number): TopicPartition[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
}

async function gapOf(log: Log, group: string, input: TopicPartition): Promise<{ from: number; to: number }> {
  const committed = await log.committed(group, input);
  const { start, end } = await log.bounds(input);
  return { from: Math.min(Math.max(committed?.offset ?? start, start), end), to: end };
}

async function holdsRecord(log: Log, input: TopicPartition, from: number, to: number): Promise<boolean> {
  for await (const { records } of batchesIn(log, input, from, to)) if (records.length > 0) return true;
  return false;
}
