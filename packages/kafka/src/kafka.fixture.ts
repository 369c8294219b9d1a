/** What the tests on a real broker share: its address, topics of their own, and clients that are closed. */
import type { LogRecord } from "@weir/schema";
import type { CommitPart, Log } from "@weir/stream";
import { afterEach, inject } from "vitest";
import { openAdmin } from "./admin.ts";
import type { KafkaConnection } from "./connection.ts";
import { KafkaLog, type KafkaLogOptions } from "./kafka-log.ts";

export const connection = (brokers: readonly string[] = [inject("kafkaBrokers")]): KafkaConnection => ({
  brokers,
  clientId: "kafka-test",
  tls: null,
  sasl: null,
});

const openLogs: Log[] = [];
afterEach(async () => {
  await Promise.all(openLogs.splice(0).map((log) => log.close()));
});

/** A new client, as of a new process; closed after the test. */
export const openLog = (options: Partial<KafkaLogOptions> = {}): KafkaLog => {
  const log = new KafkaLog({ connection: connection(), log: () => {}, ...options });
  openLogs.push(log);
  return log;
};

let unique = 0;

export const newTopic = async (partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<string> => {
  const name = `kafka-${process.pid}-${Date.now()}-${unique++}`;
  const admin = openAdmin(connection());
  try {
    await admin.create([{ name, partitions, replication: 1, config }]);
  } finally {
    await admin.close();
  }
  return name;
};

export type Output = {
  readonly topic: string;
  readonly partition?: number;
  readonly key?: string;
  readonly value: string | null;
};

export const part = (input: string, next: number, outputs: readonly Output[], partition = 0): CommitPart => ({
  input: { topic: input, partition },
  next,
  tag: `next ${next}`,
  outputs: outputs.map((output) => ({
    topic: output.topic,
    partition: output.partition ?? 0,
    key: output.key === undefined ? null : Buffer.from(output.key),
    value: output.value === null ? null : Buffer.from(output.value),
    headers: [],
    timestampMs: -1,
  })),
});

export const readRange = async (
  log: Log,
  topic: string,
  from: number,
  to: number,
  partition = 0,
): Promise<LogRecord[]> => {
  const reader = log.read({ topic, partition }, from, to);
  const records: LogRecord[] = [];
  for (let batch = await reader.next(); batch !== null; batch = await reader.next()) records.push(...batch.records);
  reader.close();
  return records;
};

/** Follows the log until `position` is reached. */
export const followTo = async (log: Log, topic: string, position: number, partition = 0): Promise<LogRecord[]> => {
  const reader = log.read({ topic, partition }, 0);
  const records: LogRecord[] = [];
  for (let next = 0; next < position; ) {
    const batch = await reader.next();
    if (batch === null) break;
    records.push(...batch.records);
    next = batch.next;
  }
  reader.close();
  return records;
};

export const text = (records: readonly LogRecord[]): string[] => records.map((record) => String(record.value));
