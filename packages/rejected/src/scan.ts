/**
 * Reads the rejected topic once, partition after partition, committed records only, a batch at a time: memory is bounded
 * by the batch, whatever the topic holds.
 */
import { batchesIn, type Log } from "@weir/stream";
import { type Letter, letterOf } from "./letter.ts";

export type ScanRange = {
  /** Null: all. */
  readonly partition: number | null;
  /** Offsets in the rejected topic, `[from, to)`; null: its start, its end. */
  readonly from: number | null;
  readonly to: number | null;
  /** At most so many offsets of each partition, the last ones of the range; null: all of it. */
  readonly last: number | null;
};

export type Scanned = {
  readonly letters: readonly Letter[];
  /** Records that Weir did not write. */
  readonly others: number;
  /** Offsets gone through so far, of all there are to go through. */
  readonly done: number;
  readonly of: number;
};

/** Up to the end of the topic when the scan begins. Throws RangeError for a partition that is not there. */
export async function* scanLetters(log: Log, topic: string, range: ScanRange): AsyncGenerator<Scanned> {
  const count = await log.partitions(topic);
  if (range.partition !== null && range.partition >= count)
    throw new RangeError(`${topic} has ${count} partitions, so there is no partition ${range.partition}`);
  const partitions = range.partition === null ? Array.from({ length: count }, (_, index) => index) : [range.partition];
  const spans: { partition: number; from: number; to: number }[] = [];
  for (const partition of partitions) {
    const { start, end } = await log.bounds({ topic, partition });
    const to = Math.min(range.to ?? end, end);
    const from = Math.max(range.from ?? start, start, range.last === null ? 0 : to - range.last);
    if (from < to) spans.push({ partition, from, to });
  }
  const of = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  let done = 0;
  for (const { partition, from, to } of spans) {
    for await (const batch of batchesIn(log, { topic, partition }, from, to)) {
      done += batch.next - batch.from;
      const letters = batch.records.map((record) => letterOf(record, partition)).filter((letter) => letter !== null);
      yield { letters, others: batch.records.length - letters.length, done, of };
    }
  }
}
