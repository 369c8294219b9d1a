/** A run on Kafka: the one at KAFKA_BROKER_URL, else one of its own. Each service is a process of its own. */
import { createHash } from "node:crypto";
import { relative } from "node:path";
import { type KafkaConnection, KafkaLog, openAdmin } from "@weir/kafka";
import { kafkaSettings, readSettings } from "@weir/service";
import { keptBrokerFolder, repositoryRoot, startKafka } from "@weir/testing";
import { startProcess } from "../process/service.ts";
import { applyTopics } from "../weir/topics/apply.ts";
import type { Ground } from "./ground.ts";
import { auditByReadingBack } from "./read-back.ts";
import { waitingIn } from "./stages.ts";

const ANSWER_WITHIN_MS = 10_000;
const CLIENT = "weir-start";

/** Whether KAFKA_BROKER_URL says where Kafka is. */
export function isGiven(environment: NodeJS.ProcessEnv): boolean {
  return (environment.KAFKA_BROKER_URL ?? "").trim() !== "";
}

/** The Kafka at KAFKA_BROKER_URL. Throws a ConfigurationError for wrong settings, an Error if nothing answers there. */
export async function givenKafka(): Promise<Ground> {
  const { kafka: connection } = readSettings({ kafka: kafkaSettings(CLIENT) });
  const place = connection.brokers.join(",");
  const admin = openAdmin(connection);
  try {
    const end = performance.now() + ANSWER_WITHIN_MS;
    while (!(await admin.brokerReady())) {
      if (performance.now() >= end) {
        throw new Error(
          `no Kafka answers at ${place} (KAFKA_BROKER_URL); start it, or unset the variable to have a local one started`,
        );
      }
    }
  } finally {
    await admin.close();
  }
  return groundOn(connection, {
    place: `${place}, because KAFKA_BROKER_URL is set`,
    environment: process.env,
    stop: async () => {},
    kill: () => {},
    died: new Promise(() => {}),
  });
}

/** A broker of our own. Throws NoLocalKafka when none can be had here, a LocalKafkaError when it does not come up. */
export async function ownKafka(fresh: boolean, log: (line: string) => void): Promise<Ground> {
  const checkout = createHash("sha256").update(repositoryRoot).digest("hex").slice(0, 8);
  const kafka = await startKafka({ dataDir: keptBrokerFolder, volume: `weir-kafka-${checkout}`, fresh, log });
  const kept = kafka.by === "Docker" ? "in a Docker volume" : `in ${relative(process.cwd(), keptBrokerFolder)}`;
  return groundOn(
    { brokers: [kafka.brokers], clientId: CLIENT, tls: null, sasl: null },
    {
      place: `${kafka.brokers} (${kafka.by}, because ${kafka.why}; data kept ${kept})`,
      environment: { ...withoutSecurity(process.env), KAFKA_BROKER_URL: kafka.brokers },
      stop: () => kafka.stop(),
      kill: () => kafka.kill(),
      died: kafka.died.then((how) => `the Kafka broker ended by itself (${how})`),
    },
  );
}

type Broker = Pick<Ground, "place" | "environment" | "died" | "stop" | "kill">;

function groundOn(connection: KafkaConnection, broker: Broker): Ground {
  const admin = openAdmin(connection);
  const log = new KafkaLog({ connection, log: () => {} });
  return {
    ...broker,
    kind: "Kafka",
    applyTopics: (request) => applyTopics(admin, request),
    waiting: (stages) => waitingIn(log, stages),
    audit: (names) => auditByReadingBack(log, names),
    start: (service, as, environment, logFile) => startProcess(as, `services/${service}/main.ts`, environment, logFile),
    async stop() {
      await Promise.all([log.close().catch(() => {}), admin.close().catch(() => {})]);
      await broker.stop();
    },
  };
}

/** Our own broker speaks plain text on the loopback address, whatever else is configured. */
function withoutSecurity(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^KAFKA_(TLS|SASL)/.test(name)));
}
