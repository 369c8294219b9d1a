/**
 * Topics as an outsider reads them: by Kafka's own Java consumer with read_committed, which shares no code with
 * our reader. Needs Java and the jars of the local broker.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Header, LogRecord } from "@weir/schema";
import { kafkaJars } from "../java-kafka/jars.ts";
import { findJava } from "../java-kafka/toolchain.ts";

export type DumpedRecord = LogRecord & { readonly topic: string; readonly partition: number };

/**
 * Every committed record of the topics, each partition in offset order. Waits until no transaction is open in them.
 * Throws after `deadlineSeconds`, or when a topic is missing.
 */
export async function dumpTopics(
  brokers: string,
  topics: readonly string[],
  deadlineSeconds = 120,
): Promise<DumpedRecord[]> {
  const lib = await kafkaJars(() => {});
  const source = join(import.meta.dirname, "LogDump.java");
  const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off";
  const child = spawn(
    await findJava(),
    ["-Xmx512m", quiet, "-cp", join(lib, "*"), source, brokers, String(deadlineSeconds), ...topics],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const complaints: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => {
    complaints.push(chunk.toString());
  });
  const exit = once(child, "close") as Promise<[number | null]>;
  const records: DumpedRecord[] = [];
  for await (const line of createInterface({ input: child.stdout })) records.push(parseLine(line));
  const [code] = await exit;
  if (code !== 0)
    throw new Error(`the outsider could not read ${topics.join(", ")}: ${complaints.join("").slice(-2000)}`);
  return records;
}

function parseLine(line: string): DumpedRecord {
  const [topic, partition, offset, timestampMs, key, value, headers] = line.split("\t");
  if (topic === undefined || headers === undefined) throw new Error(`the outsider printed ${line.slice(0, 200)}`);
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    timestampMs: Number(timestampMs),
    key: bytes(key),
    value: bytes(value),
    headers: headers === "" ? [] : headers.split(",").map(parseHeader),
  };
}

function parseHeader(text: string): Header {
  const [name, value] = text.split(":");
  return [String(bytes(name) ?? ""), bytes(value)];
}

function bytes(text: string | undefined): Buffer | null {
  return text === undefined || text === "-" ? null : Buffer.from(text, "base64");
}
