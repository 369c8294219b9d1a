/** What the objects of an overlay must keep to, as kustomize has built them: pods, and who aims at them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Document, pathOf, readYaml } from "./repository.ts";

export function parseObjects(text: string): Document[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Document)
    .filter((object) => object !== null);
}

/** Files that a kustomization names, itself included, and those of the kustomizations that it joins. */
export function namedFiles(folder: string): string[] {
  const kustomization = readYaml(join(folder, "kustomization.yaml"));
  const { resources = [], components = [], configurations = [], patches = [] } = kustomization;
  const generated = (kustomization.configMapGenerator ?? []).flatMap((generator: Document) => [
    ...(generator.envs ?? []),
    ...(generator.files ?? []),
  ]);
  const patched = patches.flatMap((patch: Document) => patch.path ?? []);
  const paths = [...resources, ...components, ...configurations, ...generated, ...patched].map((name: string) =>
    join(folder, name),
  );
  const nested = paths.flatMap((path) =>
    existsSync(pathOf(join(path, "kustomization.yaml"))) ? namedFiles(path) : [path],
  );
  return [join(folder, "kustomization.yaml"), ...nested];
}

/** Undefined where there are no pods; Strimzi's objects have templates of another kind. */
export function podTemplateOf({ kind, spec }: Document): Document | undefined {
  const template = kind === "CronJob" ? spec?.jobTemplate?.spec?.template : spec?.template;
  return template?.spec?.containers === undefined ? undefined : template;
}

export function containersOf(object: Document): Document[] {
  return podTemplateOf(object)?.spec?.containers ?? [];
}

export function manifestFaults(objects: readonly Document[]): string[] {
  return objects.flatMap((object) => {
    const template = podTemplateOf(object);
    const faults = template
      ? [
          ...podFaults(template, settingsOf(template, objects)),
          ...containersOf(object).flatMap((container) => containerFaults(container, object.kind)),
          ...referenceFaults(template, objects),
          ...selectorFaults(object, template),
        ]
      : targetFaults(object, objects);
    return faults.map((fault) => `${object.kind} ${object.metadata.name}: ${fault}`);
  });
}

export function settingsOf(template: Document, objects: readonly Document[]): Record<string, string> {
  const names = (template.spec.containers as Document[]).flatMap((container) =>
    (container.envFrom ?? []).map((source: Document) => source.configMapRef?.name),
  );
  const maps = objects.filter((object) => object.kind === "ConfigMap" && names.includes(object.metadata.name));
  return Object.assign({}, ...maps.map((map) => map.data)) as Record<string, string>;
}

function podFaults(template: Document, settings: Record<string, string>): string[] {
  const { spec } = template;
  const context = spec.securityContext ?? {};
  const faults: string[] = [];
  if (context.runAsNonRoot !== true || !(context.runAsUser > 0)) faults.push("may run as root");
  if (context.seccompProfile?.type !== "RuntimeDefault") faults.push("has no seccomp profile");
  if (spec.automountServiceAccountToken !== false) faults.push("mounts a token of the cluster");
  if (spec.enableServiceLinks !== false) faults.push("gets variables of other Services, KAFKA_* among them");
  for (const key of ["hostNetwork", "hostPID", "hostIPC"]) if (spec[key]) faults.push(`${key} opens the host`);
  const deadlineMs = Number(settings.SHUTDOWN_DEADLINE_MS ?? 0);
  if (!(spec.terminationGracePeriodSeconds * 1000 > deadlineMs)) {
    faults.push(`is killed after ${spec.terminationGracePeriodSeconds} s, within its drain of ${deadlineMs} ms`);
  }
  return faults;
}

function containerFaults(container: Document, kind: string): string[] {
  const faults: string[] = [];
  const context = container.securityContext ?? {};
  if (context.allowPrivilegeEscalation !== false) faults.push("may gain privileges");
  if (context.readOnlyRootFilesystem !== true) faults.push("the root file system is writable");
  if (!context.capabilities?.drop?.includes("ALL") || context.capabilities?.add)
    faults.push("not every capability is dropped");
  if (!/:\d+\.\d+\.\d+$|@sha256:[0-9a-f]{64}$/.test(String(container.image)))
    faults.push(`image ${container.image} is not pinned`);
  for (const part of ["requests", "limits"]) {
    for (const what of ["cpu", "memory"]) {
      if (container.resources?.[part]?.[what] === undefined) faults.push(`${part} of ${what} are missing`);
    }
  }
  if (kind !== "Deployment") return faults;
  const ports = (container.ports ?? []).map((port: Document) => port.name);
  for (const [probe, path] of Object.entries({
    startupProbe: "/livez",
    livenessProbe: "/livez",
    readinessProbe: "/readyz",
  })) {
    const request = container[probe]?.httpGet ?? {};
    if (request.path !== path || !ports.includes(request.port))
      faults.push(`${probe} does not ask ${path} on a port that is open`);
  }
  return faults;
}

function referenceFaults(template: Document, objects: readonly Document[]): string[] {
  const { spec } = template;
  const has = (kind: string, name: unknown) =>
    objects.some((object) => object.kind === kind && object.metadata.name === name);
  const faults: string[] = [];
  if (!has("ServiceAccount", spec.serviceAccountName))
    faults.push(`ServiceAccount ${spec.serviceAccountName} does not exist`);
  const priority = spec.priorityClassName;
  if (priority !== undefined && !has("PriorityClass", priority))
    faults.push(`PriorityClass ${priority} does not exist`);
  for (const volume of (spec.volumes ?? []).filter((each: Document) => each.secret !== undefined)) {
    const name = volume.secret.secretName;
    if (!madeSecrets(objects).includes(name)) faults.push(`Secret ${name} is made by nobody`);
  }
  const maps = [
    ...spec.containers.flatMap((container: Document) =>
      (container.envFrom ?? []).map((from: Document) => from.configMapRef?.name),
    ),
    ...(spec.volumes ?? []).flatMap((volume: Document) => volume.configMap?.name ?? []),
  ];
  for (const name of maps) if (!has("ConfigMap", name)) faults.push(`ConfigMap ${name} does not exist`);
  const volumes = (spec.volumes ?? []).map((volume: Document) => volume.name);
  for (const mount of spec.containers.flatMap((container: Document) => container.volumeMounts ?? [])) {
    if (!volumes.includes(mount.name)) faults.push(`volume ${mount.name} does not exist`);
  }
  return faults;
}

/** Strimzi's: of a cluster its certificate, of a user its password. No Secret is in a file here. */
function madeSecrets(objects: readonly Document[]): string[] {
  return objects.flatMap(({ kind, metadata }) => {
    if (kind === "Kafka") return [`${metadata.name}-cluster-ca-cert`];
    return kind === "KafkaUser" ? [metadata.name] : [];
  });
}

function selectorFaults(object: Document, template: Document): string[] {
  if (object.kind !== "Deployment") return [];
  return selects(object.spec.selector?.matchLabels, template) ? [] : ["its selector does not match its own pods"];
}

/** What a Service and a PodDisruptionBudget aim at is there; a Namespace, a ConfigMap and a ServiceAccount are closed. */
function targetFaults(object: Document, objects: readonly Document[]): string[] {
  const templates = objects.flatMap((other) => podTemplateOf(other) ?? []);
  if (object.kind === "PodDisruptionBudget") {
    return templates.some((template) => selects(object.spec.selector.matchLabels, template)) ? [] : ["selects no pod"];
  }
  if (object.kind === "Namespace") {
    const level = object.metadata.labels?.["pod-security.kubernetes.io/enforce"];
    return level === "restricted" ? [] : [`enforces ${level} instead of restricted`];
  }
  if (object.kind === "ConfigMap") {
    const hashed = /-[a-z0-9]{10}$/.test(object.metadata.name);
    return hashed && object.immutable === true ? [] : ["can be changed under a pod that runs"];
  }
  if (object.kind === "ServiceAccount") {
    return object.automountServiceAccountToken === false ? [] : ["mounts a token of the cluster"];
  }
  if (object.kind !== "Service") return [];
  const open = templates
    .filter((template) => selects(object.spec.selector, template))
    .flatMap((template) => template.spec.containers.flatMap((container: Document) => container.ports ?? []))
    .map((port: Document) => port.name);
  return object.spec.ports
    .filter((port: Document) => !open.includes(port.targetPort))
    .map((port: Document) => `port ${port.targetPort} is open in no pod that it selects`);
}

export function selects(labels: Record<string, string> | undefined, template: Document): boolean {
  const pairs = Object.entries(labels ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => template.metadata?.labels?.[key] === value);
}
