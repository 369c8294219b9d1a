import { brokerAnswers } from "./broker-answers.ts";
import { KAFKA_VERSION, type KafkaVersion } from "./java-kafka/jars.ts";
import { singleNode } from "./java-kafka/properties.ts";
import { freePort } from "./ports.ts";
import { run, until } from "./processes.ts";

export const imageOf = (version: KafkaVersion): string => `apache/kafka:${version}`;

/** Null when a Docker engine answers, else why there is none to use. */
export async function dockerAbsence(): Promise<string | null> {
  const { code, missing, timedOut, stdout } = await run("docker", ["info", "--format", "{{.ServerVersion}}"], {
    timeoutMs: 5_000,
  });
  if (missing) return "no docker command on the PATH";
  if (timedOut) return "the Docker engine did not answer within 5 s";
  return code === 0 && stdout.trim() !== "" ? null : "no Docker engine runs";
}

export type DockerKafka = { readonly brokers: string; stop(): Promise<void> };

/**
 * apache/kafka in a container, through testcontainers, which removes it also when this process is killed.
 * `volume`: name of a Docker volume that keeps the data between runs; without it they go with the container.
 */
export async function startDockerKafka(options: {
  readonly volume?: string;
  /** Begin with an empty volume. */
  readonly fresh?: boolean;
  /** Default: the newest. */
  readonly version?: KafkaVersion;
  readonly log: (line: string) => void;
}): Promise<DockerKafka> {
  const image = imageOf(options.version ?? KAFKA_VERSION);
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import("testcontainers");
  options.log(`starting ${image} in Docker (the first time its image is pulled)`);
  const started = performance.now();
  const host = (await getContainerRuntimeClient()).info.containerRuntime.host;
  const port = await freePort();
  if (options.fresh === true && options.volume !== undefined) {
    await run("docker", ["volume", "rm", "--force", options.volume], { timeoutMs: 30_000 });
  }
  let container = new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(containerEnvironment(host, port))
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000);
  if (options.volume !== undefined) {
    container = container.withBindMounts([{ source: options.volume, target: DATA, mode: "rw" }]);
  }
  const running = await container.start();
  if (!(await until(() => brokerAnswers(host, port), 30_000, 200))) {
    await running.stop();
    throw new Error(`the broker in the container does not answer at ${host}:${port}`);
  }
  options.log(`ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return {
    brokers: `${host}:${port}`,
    stop: async () => {
      await running.stop({ timeout: 10_000 });
    },
  };
}

const DATA = "/var/lib/kafka/data";

/**
 * The image drops all its defaults as soon as one setting is given, so everything is said here. A setting `a.b` is
 * the variable `KAFKA_A_B`.
 */
export function containerEnvironment(host: string, port: number): Record<string, string> {
  const settings: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": "1@localhost:9093",
    listeners: "PLAINTEXT://:9092,CONTROLLER://:9093",
    "advertised.listeners": `PLAINTEXT://${host}:${port}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": DATA,
    ...singleNode,
  };
  const entries = Object.entries(settings).map(([name, value]): [string, string] => [
    `KAFKA_${name.toUpperCase().replaceAll(".", "_")}`,
    value,
  ]);
  // Fixed, so that a kept volume still fits: the image formats it with this id.
  return { ...Object.fromEntries(entries), CLUSTER_ID: "d2Vpci1sb2NhbC1rYWZrYQ" };
}
