/**
 * npm run secure: the secure profile on a local broker. Both services work with it, by files alone as in production, and
 * everything that they and others must not do is tried. Exit 1: something did not work, or was let through.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { KafkaLog, openAdmin } from "@weir/kafka";
import { batchesIn } from "@weir/stream";
import { until, weirFolder } from "@weir/testing";
import { startProcess } from "../process/service.ts";
import { applyTopics } from "../weir/topics/apply.ts";
import type { TopicsOf } from "../weir/topics/topics.ts";
import { attemptsOn, outcomeOf, STRANGER } from "./attempts.ts";
import { type SecureBroker, startSecureBroker } from "./broker.ts";
import { grantsOf, PRINCIPALS, QUOTAS } from "./grants.ts";
import { applyQuotas } from "./quotas.ts";
import { readTopics } from "./topics.ts";

const PAYMENTS = 2_000;
const PATIENCE_MS = 120_000;
const RULESET = "rulesets/card-payments.yaml";

const folder = join(weirFolder, "secure");
process.exitCode = await main();

async function main(): Promise<number> {
  const topics = readTopics({ RULESET });
  const broker = await startSecureBroker(folder, [STRANGER], console.log);
  try {
    await grant(broker, topics);
    const quotas = await applyQuotas(broker.admin, broker.authorityFile, QUOTAS, folder);
    console.log(`\nQuotas, as the broker has them:\n${quotas.join("\n")}`);
    const missing = PAYMENTS - (await decided(broker, topics));
    console.log(`\n${PAYMENTS} payments by TLS 1.3 and SCRAM-SHA-512: ${PAYMENTS - missing} have their one output`);
    console.log(`\n${row("who", "what it tries", "what becomes of it")}`);
    let wrong = 0;
    for (const attempt of attemptsOn(broker, topics.names, topics.appId)) {
      const { who, what, said, right } = await outcomeOf(attempt);
      console.log(row(who, what, `${right ? "" : "WRONG, "}${said.slice(0, 110)}`));
      if (!right) wrong += 1;
    }
    console.log(wrong === 0 ? "\nAll as it must be" : `\n${wrong} are not as they must be`);
    return missing === 0 && wrong === 0 ? 0 : 1;
  } finally {
    await broker.kafka.stop();
    await rm(folder, { recursive: true });
  }
}

function row(who: string, what: string, result: string): string {
  return `${who.padEnd(15)} ${what.padEnd(46)} ${result}`;
}

/** The permissions by whoever may grant them, the topics by whoever may make them. */
async function grant({ admin, connect }: SecureBroker, topics: TopicsOf): Promise<void> {
  const granting = openAdmin(admin);
  const making = openAdmin(connect(PRINCIPALS.topics));
  try {
    await granting.allow(grantsOf(topics));
    await applyTopics(making, { ...topics, partitions: 2 });
  } finally {
    await Promise.all([granting.close(), making.close()]);
  }
}

/** Runs both services until all payments are decided; how many outputs `downstream` then reads. */
async function decided(broker: SecureBroker, { names }: TopicsOf): Promise<number> {
  const environment = (user: string): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    KAFKA_BROKER_URL: broker.kafka.brokers,
    KAFKA_TLS: "true",
    KAFKA_TLS_CA_FILE: broker.authorityFile,
    KAFKA_SASL_MECHANISM: "scram-sha-512",
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD_FILE: broker.passwordFile(user),
  });
  const start = (name: "generator" | "detector", settings: NodeJS.ProcessEnv) =>
    startProcess(
      name,
      `services/${name}/main.ts`,
      { ...environment(PRINCIPALS[name]), ...settings },
      join(folder, `${name}.log`),
    );
  const detector = await start("detector", { RULESET });
  const generator = await start("generator", { COUNT: String(PAYMENTS), LABEL_DELAY_MS: "0" });
  const sent = await generator.exit;
  if (sent !== "code 0") throw new Error(`the generator ended with ${sent}: see ${generator.logFile}`);
  await until(async () => (await detector.metric("weir_transactions_total")) >= PAYMENTS, PATIENCE_MS);
  const how = await detector.stop(15_000);
  if (how !== "code 0") throw new Error(`the detector ended with ${how}: see ${detector.logFile}`);
  return outputs(broker, [names.legit, names.fraud, names.rejected]);
}

async function outputs({ connect }: SecureBroker, topics: readonly string[]): Promise<number> {
  const log = new KafkaLog({ connection: connect(PRINCIPALS.downstream), log: () => {} });
  let count = 0;
  try {
    for (const topic of topics)
      for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
        const { end } = await log.bounds({ topic, partition });
        for await (const { records } of batchesIn(log, { topic, partition }, 0, end)) count += records.length;
      }
    return count;
  } finally {
    await log.close();
  }
}
