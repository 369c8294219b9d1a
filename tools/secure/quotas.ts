/** Sets what each principal may take of a broker, by Kafka's own admin client: kafkajs has no such request. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KafkaConnection } from "@weir/kafka";
import { findJava, kafkaJars, run } from "@weir/testing";
import type { Quota } from "./grants.ts";

const NAMES = {
  producerByteRate: "producer_byte_rate",
  consumerByteRate: "consumer_byte_rate",
  requestPercentage: "request_percentage",
} as const satisfies Record<keyof Quota, string>;

const WITHIN_MS = 120_000;

/** As the broker has them afterwards. Throws when those are not the ones that were set. `folder` is for who may read passwords. */
export async function applyQuotas(
  { brokers, sasl }: KafkaConnection,
  authorityFile: string,
  quotas: Readonly<Record<string, Quota>>,
  folder: string,
): Promise<string[]> {
  const properties = join(folder, "quotas.properties");
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule required";
  const lines = [
    `bootstrap.servers=${brokers.join()}`,
    "security.protocol=SASL_SSL",
    "sasl.mechanism=SCRAM-SHA-512",
    `sasl.jaas.config=${login} username="${sasl?.username}" password="${sasl?.password}";`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${authorityFile}`,
  ];
  await writeFile(properties, lines.join("\n"), { mode: 0o600 });
  const wanted = Object.entries(quotas).flatMap(([user, quota]) =>
    Object.entries(quota).flatMap(([name, value]) => [user, NAMES[name as keyof Quota], String(value)]),
  );
  const jars = join(await kafkaJars(() => {}), "*");
  const source = join(import.meta.dirname, "ClientQuotas.java");
  const args = ["-Xmx256m", "-Dlog4j2.level=OFF", "-cp", jars, source, properties, ...wanted];
  const { code, stdout, stderr } = await run(await findJava(), args, { timeoutMs: WITHIN_MS });
  if (code !== 0) throw new Error(`quotas are not those that were set: ${stdout}${stderr}`);
  return stdout.trimEnd().split("\n");
}
