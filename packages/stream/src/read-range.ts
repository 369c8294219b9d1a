/** A part of a partition read once, from its beginning to its end. */
import type { LogRecord } from "@weir/schema";
import type { Batch, Log, TopicPartition } from "./port.ts";

/** What is committed in `[from, to)`, in the order of its offsets. Throws as the log's reader does. */
export async function* batchesIn(log: Log, input: TopicPartition, from: number, to: number): AsyncGenerator<Batch> {
  if (from >= to) return;
  const reader = log.read(input, from, to);
  try {
    for (let batch = await reader.next(); batch !== null; batch = await reader.next()) yield batch;
  } finally {
    reader.close();
  }
}

/** The committed records that the partition has now. */
export async function* recordsOf(log: Log, input: TopicPartition): AsyncGenerator<LogRecord> {
  const { start, end } = await log.bounds(input);
  for await (const { records } of batchesIn(log, input, start, end)) yield* records;
}
