/** Mistakes that are planted in what kustomize has built, and who must find each of them. */
import type { Document } from "../repository.ts";

/**
 * `API server`: refuses it, or warns of it, when it is applied. `rollout`: it is taken, and what it is about never runs.
 * `policies`, `metrics`: what `npm test` holds the overlays and the alerts against.
 */
export type Finder = "API server" | "rollout" | "policies" | "metrics";

export type Mistake = {
  readonly finder: Finder;
  /** The object that is spoilt; not every overlay has it. */
  readonly kind: string;
  readonly name: string;
  readonly what: string;
  readonly spoil: (object: Document) => unknown;
  /** In the finder's answer. */
  readonly says: string;
};

type Planted = readonly [what: string, spoil: Mistake["spoil"], says: string];

const pod = (object: Document): Document => object.spec.template.spec;
const container = (object: Document): Document => pod(object).containers[0];
const UNKNOWN = "field not declared in schema";
const NOT_RESTRICTED = 'PodSecurity "restricted:latest"';

export const MISTAKES: readonly Mistake[] = [
  ...plant("API server", "Deployment", "weir-detector", [
    ["a field that is misspelt", (o) => (o.spec.replica = 2), UNKNOWN],
    ["a probe in the wrong place", (o) => (pod(o).livenessProbe = container(o).livenessProbe), UNKNOWN],
    [
      "a probe that asks in two ways",
      (o) => (container(o).livenessProbe.exec = { command: ["true"] }),
      "may not specify more than 1 handler type",
    ],
    [
      "a selector that is not its pods'",
      (o) => (o.spec.template.metadata.labels = { a: "b" }),
      "`selector` does not match template `labels`",
    ],
    [
      "requests above limits",
      (o) => (container(o).resources.requests.memory = "2Gi"),
      "must be less than or equal to memory limit",
    ],
    ["a mount without its volume", (o) => (pod(o).volumes = []), "Not found"],
    ["root", (o) => (pod(o).securityContext.runAsUser = 0), NOT_RESTRICTED],
    ["a way to more privileges", (o) => delete container(o).securityContext.allowPrivilegeEscalation, NOT_RESTRICTED],
    ["the host's network", (o) => (pod(o).hostNetwork = true), NOT_RESTRICTED],
  ]),
  ...plant("API server", "PodDisruptionBudget", "weir-detector", [
    ["both bounds", (o) => (o.spec.minAvailable = 1), "cannot be both set"],
    ["a version that is gone", (o) => (o.apiVersion = "policy/v1beta1"), 'no matches for kind "PodDisruptionBudget"'],
  ]),
  ...plant("API server", "NetworkPolicy", "weir-dns", [
    ["an address that is none", (o) => (o.spec.egress[0].to = [{ ipBlock: { cidr: "10.0.0.0/33" } }]), "ipBlock.cidr"],
  ]),
  ...plant("API server", "Service", "weir-detector", [
    ["a port that is none", (o) => (o.spec.ports[0].port = 80800), "must be between 1 and 65535"],
  ]),
  ...plant("API server", "ScaledObject", "weir-detector", [
    ["a field that is misspelt", (o) => (o.spec.maxReplicas = 12), UNKNOWN],
    ["a number that is a text", (o) => (o.spec.maxReplicaCount = "12"), "expected numeric"],
  ]),
  ...plant("API server", "PodMonitor", "weir", [
    ["a field that is misspelt", (o) => (o.spec.podMetricsEndpoints[0].intervall = "15s"), UNKNOWN],
  ]),
  ...plant("API server", "PrometheusRule", "weir", [
    ["a duration that is none", (o) => (o.spec.groups[0].interval = "soon"), "should match"],
  ]),
  ...plant("API server", "KafkaTopic", "weir.by-source", [
    ["a field that is misspelt", (o) => (o.spec.partition = 12), UNKNOWN],
    ["no partitions", (o) => (o.spec.partitions = 0), "greater than or equal to 1"],
  ]),
  ...plant("API server", "KafkaUser", "weir-detector", [
    [
      "an operation that there is not",
      (o) => (o.spec.authorization.acls[0].operations = ["Reed"]),
      "Unsupported value",
    ],
  ]),
  ...plant("API server", "Kafka", "weir", [
    ["a listener without a port", (o) => delete o.spec.kafka.listeners[0].port, "Required value"],
  ]),
  ...plant("API server", "KafkaNodePool", "broker", [
    ["a role that there is not", (o) => (o.spec.roles = ["boss"]), "Unsupported value"],
  ]),
  ...plant("rollout", "Deployment", "weir-detector", [
    ["root, warned of or not", (o) => (pod(o).securityContext.runAsUser = 0), `violates ${NOT_RESTRICTED}`],
    [
      "a ServiceAccount that nobody makes",
      (o) => (pod(o).serviceAccountName = "weir"),
      'serviceaccount "weir" not found',
    ],
    ["a priority that nobody defines", (o) => (pod(o).priorityClassName = "high"), "no PriorityClass with name high"],
    [
      "more memory than any node has",
      (o) => (container(o).resources = { requests: { memory: "64Gi" }, limits: { memory: "64Gi" } }),
      "Insufficient memory",
    ],
  ]),
  ...plant("policies", "Deployment", "weir-detector", [
    ["no startup probe", (o) => delete container(o).startupProbe, "startupProbe does not ask /livez"],
    ["no readiness probe", (o) => delete container(o).readinessProbe, "readinessProbe does not ask /readyz"],
    [
      "a liveness probe that asks for readiness",
      (o) => (container(o).livenessProbe.httpGet.path = "/readyz"),
      "livenessProbe does not ask /livez",
    ],
    [
      "a root file system that is writable",
      (o) => delete container(o).securityContext.readOnlyRootFilesystem,
      "file system is writable",
    ],
    ["an image that is not pinned", (o) => (container(o).image = "weir-detector:latest"), "is not pinned"],
    ["no limit of memory", (o) => delete container(o).resources.limits.memory, "limits of memory are missing"],
    ["a token of the cluster", (o) => delete pod(o).automountServiceAccountToken, "mounts a token"],
  ]),
  ...plant("policies", "NetworkPolicy", "weir-default-deny", [
    ["one direction alone", (o) => (o.spec.policyTypes = ["Ingress"]), "no NetworkPolicy denies"],
  ]),
  ...plant("policies", "PodDisruptionBudget", "weir-detector", [
    ["pods that there are not", (o) => (o.spec.selector.matchLabels = { app: "detector" }), "selects no pod"],
  ]),
  ...plant("policies", "ScaledObject", "weir-detector", [
    ["more detectors than partitions", (o) => (o.spec.maxReplicaCount = 13), "scales to 13"],
  ]),
  ...plant("policies", "KafkaTopic", "weir.by-source", [
    ["a single copy", (o) => (o.spec.replicas = 1), "has 1 copies"],
  ]),
  ...plant("policies", "KafkaUser", "weir-detector", [
    ["leave to create", (o) => o.spec.authorization.acls[0].operations.push("Create"), "may Create on topic"],
  ]),
  ...plant("policies", "Kafka", "weir", [
    ["a listener without TLS", (o) => (o.spec.kafka.listeners[0].tls = false), "listener scram is open"],
  ]),
  ...plant("metrics", "PrometheusRule", "weir", [
    [
      "a metric that was renamed",
      (o) => rename(o, "weir_lag_seconds", "weir_lag_s"),
      "weir_lag_s is exported by no service",
    ],
    ["a label that was renamed", (o) => rename(o, "result!=", "outcome!="), "has the label outcome"],
  ]),
];

function plant(finder: Finder, kind: string, name: string, planted: readonly Planted[]): Mistake[] {
  return planted.map(([what, spoil, says]) => ({ finder, kind, name, what, spoil, says }));
}

function rename(object: Document, from: string, to: string): void {
  for (const rule of object.spec.groups.flatMap((group: Document) => group.rules))
    rule.expr = rule.expr.replaceAll(from, to);
}

/** The objects with the mistake among them, and the one that has it; undefined where there is no such object. */
export function spoilt(
  { kind, name, spoil }: Mistake,
  objects: readonly Document[],
): { readonly object: Document; readonly all: Document[] } | undefined {
  const right = objects.find((each) => each.kind === kind && each.metadata.name === name);
  if (right === undefined) return undefined;
  const object = structuredClone(right);
  spoil(object);
  return { object, all: objects.map((each) => (each === right ? object : each)) };
}
