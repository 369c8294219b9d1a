/**
 * Topics and committed offsets as an outsider reads them: by Kafka's own Java consumer with read_committed, which shares
 * no code with our reader. Needs Java and the jars of the local broker.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Header, LogRecord } from "@weir/schema";
import { kafkaJars } from "../java-kafka/jars.ts";
import { findJava } from "../java-kafka/toolchain.ts";

export type DumpedRecord = LogRecord & { readonly topic: string; readonly partition: number };

export type DumpedOffset = {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** What was committed beside it. */
  readonly tag: string;
};

export type Dump = {
  /** Number of partitions by name. */
  readonly topics: ReadonlyMap<string, number>;
  /** Every committed record, each partition in offset order. */
  readonly records: readonly DumpedRecord[];
  readonly offsets: readonly DumpedOffset[];
};

/**
 * Whole topics, and what the groups have committed. Waits until no transaction is open in the topics. Throws when
 * that or the next records take longer than `patienceSeconds`, or when a topic is missing.
 */
export async function dumpTopics(
  brokers: string,
  topics: readonly string[],
  groups: readonly string[] = [],
  patienceSeconds = 120,
): Promise<Dump> {
  const lib = await kafkaJars(() => {});
  const source = join(import.meta.dirname, "LogDump.java");
  const quiet = "-Dlog4j2.level=OFF";
  const child = spawn(
    await findJava(),
    [
      ...["-Xmx512m", quiet, "-cp", join(lib, "*"), source],
      ...[brokers, String(patienceSeconds), groups.join(","), ...topics],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const complaints: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    complaints.push(chunk.toString());
  });
  const exit = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const dump = { topics: new Map<string, number>(), records: [] as DumpedRecord[], offsets: [] as DumpedOffset[] };
  for await (const line of createInterface({ input: child.stdout })) parseLine(line, dump);
  const [code, signal] = await exit;
  if (code !== 0) {
    const how = signal === null ? `exit code ${code}` : signal;
    throw new Error(`the outsider could not read ${topics.join(", ")}: ${how}, ${complaints.join("").slice(-2000)}`);
  }
  return dump;
}

type Filled = { topics: Map<string, number>; records: DumpedRecord[]; offsets: DumpedOffset[] };

function parseLine(line: string, { topics, records, offsets }: Filled): void {
  const [kind, ...columns] = line.split("\t");
  if (kind === "topic" && columns.length === 2) topics.set(String(columns[0]), Number(columns[1]));
  else if (kind === "offset" && columns.length === 5) {
    const [group, topic, partition, offset, tag] = columns as [string, string, string, string, string];
    offsets.push({
      group,
      topic,
      partition: Number(partition),
      offset: Number(offset),
      tag: String(bytes(tag) ?? ""),
    });
  } else if (kind === "record" && columns.length === 7) records.push(parseRecord(columns));
  else throw new Error(`the outsider printed ${line.slice(0, 200)}`);
}

function parseRecord([topic, partition, offset, timestampMs, key, value, headers]: readonly string[]): DumpedRecord {
  return {
    topic: String(topic),
    partition: Number(partition),
    offset: Number(offset),
    timestampMs: Number(timestampMs),
    key: bytes(key),
    value: bytes(value),
    headers: headers === undefined || headers === "" ? [] : headers.split(",").map(parseHeader),
  };
}

function parseHeader(text: string): Header {
  const [name, value] = text.split(":");
  return [String(bytes(name) ?? ""), bytes(value)];
}

function bytes(text: string | undefined): Buffer | null {
  return text === undefined || text === "-" ? null : Buffer.from(text, "base64");
}
