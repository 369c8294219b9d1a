/** All services on a secure broker, which are given their secrets by files alone as in production, and all that they say. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KafkaLog } from "@weir/kafka";
import type { LogRecord } from "@weir/schema";
import { recordsOf } from "@weir/stream";
import { until } from "@weir/testing";
import { wholeAnswer } from "../process/answer.ts";
import { type Service, startProcess } from "../process/service.ts";
import type { TopicNames } from "../weir/topics/topics.ts";
import type { SecureBroker } from "./broker.ts";
import { PRINCIPALS } from "./grants.ts";
import type { Told } from "./told.ts";

export type ServicesRun = {
  /** Read by whoever acts on decisions. */
  readonly outputs: number;
  readonly told: readonly Told[];
  /** Secrets that the services were given beside their passwords, by what they are called. */
  readonly given: ReadonlyMap<string, string>;
};

const PATIENCE_MS = 120_000;
const STOP_WITHIN_MS = 15_000;
const PATHS = ["/metrics", "/readyz", "/livez", "/no-such-path"];
const PAYMENTS_PER_SECOND = 500;

/** Runs until all payments are decided and seen. Throws when a service does not end well. */
export async function runServices(
  broker: SecureBroker,
  names: TopicNames,
  ruleset: string,
  payments: number,
  folder: string,
): Promise<ServicesRun> {
  const [tokenKey, adminToken] = [randomBytes(32).toString("hex"), randomBytes(24).toString("hex")];
  const [TOKENISE_KEY_FILE, ADMIN_TOKEN_FILE] = [join(folder, "token.key"), join(folder, "admin.token")];
  await writeFile(TOKENISE_KEY_FILE, tokenKey, { mode: 0o600 });
  await writeFile(ADMIN_TOKEN_FILE, adminToken, { mode: 0o600 });
  const start = (
    service: "generator" | "detector" | "quality",
    settings: NodeJS.ProcessEnv,
    name: string = service,
  ): Promise<Service> => {
    const environment = {
      PATH: process.env.PATH,
      LOG_LEVEL: "trace",
      KAFKA_BROKER_URL: broker.kafka.brokers,
      KAFKA_TLS: "true",
      KAFKA_TLS_CA_FILE: broker.authorityFile,
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: PRINCIPALS[service],
      KAFKA_SASL_PASSWORD_FILE: broker.passwordFile(PRINCIPALS[service]),
      ...settings,
    };
    return startProcess(name, `services/${service}/main.ts`, environment, join(folder, `${name}.log`));
  };
  const told: Told[] = [];
  const ask = async (service: Service, base: string, path: string, token = adminToken): Promise<void> => {
    told.push({ what: `${service.name} ${path}`, text: await wholeAnswer(`${base}${path}`, token) });
  };
  const probe = async (service: Service): Promise<void> => {
    await service.untilReady(PATIENCE_MS);
    for (const path of PATHS) await ask(service, await service.url(), path);
  };

  const detector = await start("detector", { RULESET: ruleset, TOKENISE_KEY_FILE, ADMIN_TOKEN_FILE });
  const quality = await start("quality", { RULESET: ruleset, TOKENISE_KEY_FILE });
  await detector.untilReady(PATIENCE_MS);
  const generator = await start("generator", {
    COUNT: String(payments),
    TRANSACTIONS_PER_SECOND: String(PAYMENTS_PER_SECOND),
    LABEL_DELAY_MS: "0",
  });
  await probe(generator);
  const sent = await generator.exit;
  if (sent !== "code 0") throw new Error(`the generator ended with ${sent}: see ${generator.logFile}`);
  // With the password of somebody else: what it says of that is scanned too.
  const KAFKA_SASL_PASSWORD_FILE = broker.passwordFile(PRINCIPALS.generator);
  const denied = await start("detector", { RULESET: ruleset, KAFKA_SASL_PASSWORD_FILE }, "denied");
  const isDenied = async (): Promise<boolean> => /authentication failed/i.test(await readFile(denied.logFile, "utf8"));
  if (!(await until(isDenied, PATIENCE_MS))) throw new Error(`a wrong password is not refused: see ${denied.logFile}`);
  await denied.stop(STOP_WITHIN_MS);

  const done = async (): Promise<boolean> =>
    (await detector.metric("weir_transactions_total")) >= payments &&
    (await quality.metric("weir_quality_decisions_total")) >= payments;
  await until(done, PATIENCE_MS);

  const outputs = await read(broker, [names.legit, names.fraud, names.rejected]);
  const { source } = JSON.parse(String(outputs[0]?.value)) as { source: string };
  for (const service of [detector, quality]) await probe(service);
  const admin = await detector.adminUrl();
  for (const path of [`/entities/source/${source}`, "/entities/source/nobody", "/rejected"])
    await ask(detector, admin, path);
  await ask(detector, admin, "/rejected?of=somebody-without-the-token", "none");
  for (const service of [detector, quality]) {
    const how = await service.stop(STOP_WITHIN_MS);
    if (how !== "code 0") throw new Error(`${service.name} ended with ${how}: see ${service.logFile}`);
  }
  for (const { name, logFile } of [detector, quality, generator, denied])
    told.push({ what: `log of ${name}`, text: await readFile(logFile, "utf8") });
  const given = new Map([
    ["key of tokens", tokenKey],
    ["token of operators", adminToken],
  ]);
  return { outputs: outputs.length, told, given };
}

/** As `downstream` reads them. */
async function read({ connect }: SecureBroker, topics: readonly string[]): Promise<LogRecord[]> {
  const log = new KafkaLog({ connection: connect(PRINCIPALS.downstream), log: () => {} });
  const records: LogRecord[] = [];
  try {
    for (const topic of topics)
      for (let partition = 0; partition < (await log.partitions(topic)); partition += 1)
        for await (const record of recordsOf(log, { topic, partition })) records.push(record);
    return records;
  } finally {
    await log.close();
  }
}
