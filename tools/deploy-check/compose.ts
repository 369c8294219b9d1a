/** What every service of docker-compose.yml must keep to. The faults are sentences; none means it does. */
import { existsSync } from "node:fs";
import { type Document, pathOf } from "./repository.ts";

/** All of them: the image drops its defaults as soon as one setting is given, and the built-in ones ask for three brokers. */
const SINGLE_NODE = [
  "KAFKA_DEFAULT_REPLICATION_FACTOR",
  "KAFKA_MIN_INSYNC_REPLICAS",
  "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
  "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
  "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
  "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
  "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
] as const;

const PINNED = /^[^:@]+:v?\d+\.\d+\.\d+(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?$/;
const NUMERIC_USER = /^[1-9]\d*:\d+$/;
const SECRET = /PASSWORD|SECRET|TOKEN|PRIVATE/;

export function composeFaults(compose: Document): string[] {
  const services = Object.entries<Document>(compose.services ?? {});
  return services.flatMap(([name, service]) =>
    [
      ...imageFaults(service),
      ...hardeningFaults(service),
      ...limitFaults(service),
      ...networkFaults(service),
      ...volumeFaults(service, Object.keys(compose.volumes ?? {})),
      ...dependencyFaults(service, compose.services),
      ...environmentFaults(name, service),
    ].map((fault) => `${name}: ${fault}`),
  );
}

function imageFaults({ image }: Document): string[] {
  return PINNED.test(String(image)) ? [] : [`image ${image} is not pinned to a full version`];
}

function hardeningFaults(service: Document): string[] {
  const faults: string[] = [];
  if (service.read_only !== true) faults.push("the root file system is writable");
  if (!service.cap_drop?.includes("ALL") || service.cap_add) faults.push("not every capability is dropped");
  if (!service.security_opt?.includes("no-new-privileges:true")) faults.push("new privileges are not forbidden");
  if (!NUMERIC_USER.test(String(service.user))) faults.push(`user ${service.user} is not a number other than 0`);
  for (const key of ["privileged", "network_mode", "pid", "ipc", "devices", "userns_mode"]) {
    if (service[key] !== undefined) faults.push(`${key} opens the host`);
  }
  if (!(service.tmpfs ?? []).some((mount: string) => mount.startsWith("/tmp:"))) faults.push("/tmp is not a tmpfs");
  for (const mount of service.tmpfs ?? []) {
    if (!/:.*\bsize=\d+m\b/.test(mount)) faults.push(`tmpfs ${mount} has no size`);
  }
  return faults;
}

function limitFaults(service: Document): string[] {
  const faults: string[] = [];
  const limits = service.deploy?.resources?.limits ?? {};
  for (const key of ["cpus", "memory", "pids"]) if (limits[key] === undefined) faults.push(`no limit of ${key}`);
  if (service.restart === undefined) faults.push("no restart policy");
  if (service.healthcheck === undefined && service.build === undefined) faults.push("no health check");
  if (service.logging?.options?.["max-size"] === undefined) faults.push("its log grows without bound");
  const graceMs = Number(/^(\d+)s$/.exec(String(service.stop_grace_period))?.[1] ?? Number.NaN) * 1000;
  const deadlineMs = Number(service.environment?.SHUTDOWN_DEADLINE_MS ?? 0);
  if (!(graceMs > deadlineMs)) {
    faults.push(`stop_grace_period ${service.stop_grace_period} is not longer than the drain of ${deadlineMs} ms`);
  }
  return faults;
}

function networkFaults(service: Document): string[] {
  return (service.ports ?? [])
    .filter((port: unknown) => !/^127\.0\.0\.1:\d+(-\d+)?:\d+$/.test(String(port)))
    .map((port: unknown) => `port ${JSON.stringify(port)} is open beyond this machine`);
}

function volumeFaults(service: Document, declared: readonly string[]): string[] {
  return (service.volumes ?? []).flatMap((volume: string) => {
    const [source = "", , mode] = volume.split(":");
    if (!source.startsWith(".")) return declared.includes(source) ? [] : [`volume ${source} is not declared`];
    const faults: string[] = [];
    if (!existsSync(pathOf(source))) faults.push(`${source} does not exist`);
    if (mode !== "ro") faults.push(`${source} is mounted writable`);
    return faults;
  });
}

function dependencyFaults(service: Document, services: Document): string[] {
  return Object.entries<Document>(service.depends_on ?? {}).flatMap(([name, { condition }]) => {
    const isJob = String(services[name]?.restart ?? "").startsWith("on-failure");
    const wanted = isJob ? "service_completed_successfully" : "service_healthy";
    return condition === wanted ? [] : [`depends on ${name} with ${condition} instead of ${wanted}`];
  });
}

function environmentFaults(name: string, service: Document): string[] {
  const environment = service.environment ?? {};
  const faults = Object.entries(environment)
    .filter(([key, value]) => SECRET.test(key) && value !== null && !String(value).startsWith("${"))
    .map(([key]) => `${key} is a secret in the file`);
  if (environment.KAFKA_BROKER_URL !== undefined && service.depends_on?.kafka === undefined) {
    faults.push("does not wait for a healthy kafka");
  }
  if (name === "kafka") {
    for (const key of SINGLE_NODE) if (environment[key] !== "1") faults.push(`${key} must be 1 on a single node`);
  }
  return faults;
}
