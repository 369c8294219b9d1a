/** The transactional ids that a broker knows, as Kafka's own tool lists them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { kafkaJars } from "../java-kafka/jars.ts";
import { findJava } from "../java-kafka/toolchain.ts";

/** Throws when the tool fails or takes more than a minute. */
export async function transactionalIds(brokers: string): Promise<string[]> {
  const lib = await kafkaJars(() => {});
  const { stdout } = await promisify(execFile)(
    await findJava(),
    ["-cp", join(lib, "*"), "org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server", brokers, "list"],
    { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
  );
  const [head, ...rows] = stdout.split("\n").filter((line) => line.includes("\t"));
  if (head === undefined || !head.startsWith("TransactionalId")) throw new Error(`no list of transactions: ${stdout}`);
  return rows.map((row) => row.split("\t")[0]?.trim() ?? "");
}
