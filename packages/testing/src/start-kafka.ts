import { dockerAbsence, startDockerKafka } from "./docker-kafka.ts";
import { startJavaKafka } from "./java-kafka/start.ts";
import { LocalKafkaError } from "./local-kafka-error.ts";

export type LocalKafka = {
  readonly brokers: string;
  /** "Docker" or "Java". */
  readonly by: string;
  stop(): Promise<void>;
};

/**
 * A real broker: in Docker when an engine answers, else as a Java process. When neither can be had it throws a
 * LocalKafkaError with both reasons, so that tests which need it fail instead of being passed over.
 */
export async function startKafka(options: {
  /** Folder of the Java broker. */
  readonly dataDir: string;
  /** Docker volume that keeps the data; without it they go with the container. */
  readonly volume?: string;
  readonly fresh?: boolean;
  readonly log: (line: string) => void;
}): Promise<LocalKafka> {
  const noDocker = (await dockerAbsence()) ?? (await tryDocker(options));
  if (typeof noDocker !== "string") return noDocker;
  options.log(`Docker: ${noDocker}; taking Java`);
  try {
    const broker = await startJavaKafka(options);
    return { brokers: broker.brokers, by: "Java", stop: () => broker.stop() };
  } catch (error) {
    if (!(error instanceof LocalKafkaError)) throw error;
    throw new LocalKafkaError(`no Kafka to be had here.\n  Docker: ${noDocker}\n  Java: ${error.message}`);
  }
}

async function tryDocker(options: {
  readonly volume?: string;
  readonly log: (line: string) => void;
}): Promise<LocalKafka | string> {
  try {
    const broker = await startDockerKafka(options);
    return { brokers: broker.brokers, by: "Docker", stop: () => broker.stop() };
  } catch (error) {
    return `the container did not start (${error instanceof Error ? error.message : String(error)})`;
  }
}
