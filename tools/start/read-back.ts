/** The topics of a run, read again after it by a read_committed reader: what came in, and what came out of it. */
import type { LogRecord } from "@weir/schema";
import { REJECTED_HEADERS } from "@weir/schema";
import { batchesIn, type Log, type TopicPartition } from "@weir/stream";
import type { TopicNames } from "../weir/topics/topics.ts";
import type { Audit } from "./ground.ts";
import { type OffsetRange, Tally, type TallyResult } from "./tally.ts";

/** What was committed last becomes readable a moment later. */
const READ_AGAIN = { times: 10, afterMs: 300 } as const;

/** Ends of all partitions of the four topics at one moment, by topic. */
type Ends = ReadonlyMap<string, readonly number[]>;

/** Notes where the topics end now, and reads what comes after that when it is asked. */
export async function auditByReadingBack(log: Log, names: TopicNames): Promise<Audit> {
  const before = await endsOf(log, names);
  const total = (ends: Ends): number => (ends.get(names.transactions) ?? []).reduce((sum, end) => sum + end, 0);
  return {
    source: "Read back from Kafka, committed records only",
    inputs: async () => total(await endsOf(log, names)) - total(before),
    async result() {
      let result = await readBack(log, names, before);
      for (let i = 0; i < READ_AGAIN.times && result.missing > 0; i++) {
        await new Promise((resolve) => setTimeout(resolve, READ_AGAIN.afterMs));
        result = await readBack(log, names, before);
      }
      return result;
    },
  };
}

async function endsOf(log: Log, names: TopicNames): Promise<Ends> {
  const ends = new Map<string, readonly number[]>();
  for (const topic of [names.transactions, names.legit, names.fraud, names.rejected]) {
    const partitions = Array.from({ length: await log.partitions(topic) }, (_, partition) => partition);
    ends.set(
      topic,
      await Promise.all(partitions.map(async (partition) => (await log.bounds({ topic, partition })).end)),
    );
  }
  return ends;
}

/** `before` was taken when the run began; everything up to now is read. */
async function readBack(log: Log, names: TopicNames, before: Ends): Promise<TallyResult> {
  const after = await endsOf(log, names);
  const rangesOf = (topic: string): OffsetRange[] =>
    (after.get(topic) ?? []).map((end, partition) => ({ start: before.get(topic)?.[partition] ?? 0, end }));
  const tally = new Tally(names.transactions, rangesOf(names.transactions));
  const each = async (topic: string, use: (record: LogRecord, partition: number) => void): Promise<void> => {
    for (const [partition, range] of rangesOf(topic).entries()) await readRange(log, { topic, partition }, range, use);
  };
  await each(names.transactions, (record, partition) => tally.input(partition, record.offset));
  for (const [topic, idOf] of outputsOf(names)) await each(topic, (record) => tally.output(idOf(record)));
  return tally.result();
}

async function readRange(
  log: Log,
  input: TopicPartition,
  { start, end }: OffsetRange,
  use: (record: LogRecord, partition: number) => void,
): Promise<void> {
  for await (const { records } of batchesIn(log, input, start, end))
    for (const record of records) if (record.offset < end) use(record, input.partition);
}

/** The output topics, and how each of their records names its input; null: it was not written by Weir. */
export function outputsOf(names: TopicNames): readonly (readonly [string, (record: LogRecord) => string | null])[] {
  return [
    [names.legit, decisionIdIn],
    [names.fraud, decisionIdIn],
    [names.rejected, originOf],
  ];
}

function decisionIdIn(record: LogRecord): string | null {
  try {
    const value = JSON.parse(record.value?.toString("utf8") ?? "") as { decision?: { id?: unknown } } | null;
    const id = value?.decision?.id;
    return typeof id === "string" ? id : null;
  } catch {
    return null;
  }
}

function originOf(record: LogRecord): string | null {
  const header = record.headers.find(([name]) => name === REJECTED_HEADERS.origin);
  return header?.[1]?.toString("utf8") ?? null;
}
