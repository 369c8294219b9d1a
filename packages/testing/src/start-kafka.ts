import { dockerAbsence, startDockerKafka } from "./docker-kafka.ts";
import type { KafkaVersion } from "./java-kafka/jars.ts";
import { startJavaKafka } from "./java-kafka/start.ts";
import { NoLocalKafka } from "./local-kafka-error.ts";

export type LocalKafka = {
  readonly brokers: string;
  readonly by: "Docker" | "Java";
  /** Why that one. */
  readonly why: string;
  stop(): Promise<void>;
  /** Ends it at once and without care for its data. */
  kill(): void;
  /** Resolves with how it ended when nobody asked it to; never in Docker. */
  readonly died: Promise<string>;
};

/**
 * A real broker: in Docker when an engine answers, else as a Java process. When neither can be had it throws a
 * NoLocalKafka with both reasons, so that tests which need it fail instead of being passed over.
 */
export async function startKafka(options: {
  /** Folder of the Java broker. */
  readonly dataDir: string;
  /** Docker volume that keeps the data; without it they go with the container. */
  readonly volume?: string;
  readonly fresh?: boolean;
  /** Default: the newest. */
  readonly version?: KafkaVersion;
  readonly log: (line: string) => void;
}): Promise<LocalKafka> {
  const noDocker = (await dockerAbsence()) ?? (await tryDocker(options));
  if (typeof noDocker !== "string") return noDocker;
  try {
    const broker = await startJavaKafka(options);
    return {
      brokers: broker.brokers,
      by: "Java",
      why: noDocker,
      stop: () => broker.stop(),
      kill: () => void broker.kill("SIGKILL"),
      died: broker.died,
    };
  } catch (error) {
    if (!(error instanceof NoLocalKafka)) throw error;
    throw new NoLocalKafka(`no Kafka to be had here.\n  Docker: ${noDocker}\n  Java: ${error.message}`);
  }
}

async function tryDocker(options: Parameters<typeof startDockerKafka>[0]): Promise<LocalKafka | string> {
  try {
    const broker = await startDockerKafka(options);
    return {
      brokers: broker.brokers,
      by: "Docker",
      why: "a Docker engine runs",
      stop: () => broker.stop(),
      kill: () => void broker.stop().catch(() => {}),
      died: new Promise(() => {}),
    };
  } catch (error) {
    return `the container did not start (${error instanceof Error ? error.message : String(error)})`;
  }
}
