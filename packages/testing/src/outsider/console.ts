/**
 * Kafka's own console clients, which share no code with ours: they stand for the producers and consumers of others.
 * Need Java and the jars of the local broker.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { kafkaJars } from "../java-kafka/jars.ts";
import { findJava } from "../java-kafka/toolchain.ts";

/** A tombstone, among the lines of either. */
export const NULL_LINE = "null";

const SILENT_MS = 8_000;

/** One record without a key for each line, in the client's own way of spreading them. Resolves once all are acknowledged. */
export async function sendLines(brokers: string, topic: string, lines: readonly string[]): Promise<void> {
  const args = ["--topic", topic, "--reader-property", `null.marker=${NULL_LINE}`];
  await runTool("org.apache.kafka.tools.ConsoleProducer", brokers, args, `${lines.join("\n")}\n`);
}

/** The committed records of a topic: each as its value, or as headers, a tab and its value. Ends when none comes for 8 s. */
export async function readLines(brokers: string, topic: string, withHeaders = false): Promise<string[]> {
  const output = await runTool("org.apache.kafka.tools.consumer.ConsoleConsumer", brokers, [
    ...["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"],
    ...["--formatter-property", `print.headers=${withHeaders}`, "--timeout-ms", String(SILENT_MS)],
  ]);
  return output.split("\n").slice(0, -1);
}

/** Whole topics, with what groups have committed of them. */
export async function deleteTopics(brokers: string, topics: readonly string[]): Promise<void> {
  const escaped = topics.map((topic) => topic.replaceAll(".", "\\."));
  await runTool("org.apache.kafka.tools.TopicCommand", brokers, ["--delete", "--topic", escaped.join("|")]);
}

async function runTool(tool: string, brokers: string, args: readonly string[], input = ""): Promise<string> {
  const classes = join(await kafkaJars(() => {}), "*");
  const small = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dfile.encoding=UTF-8",
    "-Dlog4j2.level=OFF",
  ];
  const child = spawn(await findJava(), [...small, "-cp", classes, tool, "--bootstrap-server", brokers, ...args]);
  child.stdin.end(input);
  const [output, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  // The consumer tells its own end as an error.
  if (code !== 0 && !complaints.includes("Processed a total of"))
    throw new Error(`${tool}: ${complaints.slice(-2000)}`);
  return output;
}
