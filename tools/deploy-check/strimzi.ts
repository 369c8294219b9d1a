/** What Strimzi's objects must keep to, and what the principals in them may do. */
import type { Document } from "./repository.ts";

/** Of each record three copies, two of them before a write counts. */
const COPIES = 3;
const COPIES_WRITTEN = 2;

/** In Kafka's authorizer these let describe as well. */
const DESCRIBING = ["Read", "Write", "Delete", "Alter"];

const SETTINGS: Readonly<Record<string, unknown>> = {
  "auto.create.topics.enable": false,
  "default.replication.factor": COPIES,
  "min.insync.replicas": COPIES_WRITTEN,
  "offsets.topic.replication.factor": COPIES,
  "transaction.state.log.replication.factor": COPIES,
  "transaction.state.log.min.isr": COPIES_WRITTEN,
  "unclean.leader.election.enable": false,
};

export function strimziFaults(objects: readonly Document[]): string[] {
  const clusters = objects.filter(({ kind }) => kind === "Kafka").map(({ metadata }) => metadata.name);
  return objects
    .filter(({ apiVersion }) => apiVersion?.startsWith("kafka.strimzi.io/"))
    .flatMap((object) => {
      const cluster = object.metadata.labels?.["strimzi.io/cluster"];
      const lost =
        object.kind === "Kafka" || clusters.includes(cluster) ? [] : [`belongs to ${cluster}, which is nowhere`];
      return [...lost, ...faultsOf(object)].map((fault) => `${object.kind} ${object.metadata.name}: ${fault}`);
    });
}

function faultsOf({ kind, spec }: Document): string[] {
  switch (kind) {
    case "Kafka":
      return clusterFaults(spec.kafka);
    case "KafkaNodePool":
      return poolFaults(spec);
    case "KafkaTopic":
      return topicFaults(spec);
    case "KafkaUser":
      return userFaults(spec);
    default:
      return ["is of a kind that no rule knows"];
  }
}

function clusterFaults({ authorization, listeners, config, rack }: Document): string[] {
  const faults: string[] = [];
  if (authorization?.type !== "simple" || authorization.superUsers)
    faults.push("lets somebody do what no KafkaUser says");
  for (const { name, tls, authentication } of listeners)
    if (tls !== true || authentication?.type !== "scram-sha-512") faults.push(`listener ${name} is open`);
  for (const [name, value] of Object.entries(SETTINGS))
    if (config[name] !== value) faults.push(`${name} is ${config[name]} instead of ${value}`);
  if (rack === undefined) faults.push("may keep all copies in one zone");
  return faults;
}

function poolFaults({ replicas, storage, resources }: Document): string[] {
  const faults: string[] = [];
  if (!(replicas >= COPIES)) faults.push(`has ${replicas} nodes`);
  const kept = storage.volumes?.every(({ type, deleteClaim }: Document) => type === "persistent-claim" && !deleteClaim);
  if (!kept) faults.push("loses its data with its pods");
  if (resources?.limits?.memory === undefined) faults.push("limits of memory are missing");
  return faults;
}

function topicFaults({ replicas, config }: Document): string[] {
  const written = config["min.insync.replicas"];
  if (replicas === COPIES && written === String(COPIES_WRITTEN)) return [];
  return [`has ${replicas} copies, ${written} of them written, instead of ${COPIES} and ${COPIES_WRITTEN}`];
}

function userFaults({ authentication, authorization, quotas }: Document): string[] {
  const faults: string[] = [];
  if (authentication?.type !== "scram-sha-512") faults.push("does not log in");
  for (const quota of ["producerByteRate", "consumerByteRate", "requestPercentage"])
    if (!(quotas?.[quota] > 0)) faults.push(`has no ${quota} among its quotas`);
  for (const { resource, operations, type = "allow" } of authorization?.acls ?? []) {
    const wide = operations.filter((operation: string) => !/^(Read|Write|Describe|DescribeConfigs)$/.test(operation));
    if (type !== "deny" && wide.length > 0) faults.push(`may ${wide} on ${resource.type} ${resource.name}`);
    if (!resource.name || resource.name === "*") faults.push(`may ${operations} on every ${resource.type}`);
  }
  return faults;
}

/** What Kafka's authorizer would say, for a user that has nothing but the rules of its KafkaUser. */
export function allows({ spec }: Document, operation: string, type: string, name: string): boolean {
  return (spec.authorization?.acls ?? []).some(({ resource, operations }: Document) => {
    const aimed = resource.patternType === "prefix" ? name.startsWith(resource.name) : name === resource.name;
    const implied = operation === "Describe" && operations.some((each: string) => DESCRIBING.includes(each));
    return resource.type === type && aimed && (implied || operations.includes(operation));
  });
}
