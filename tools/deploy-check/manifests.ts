/**
 * What the objects under k8s/ must keep to. The same policy judges the files as they are read here, without
 * kustomize and so with plain names of ConfigMaps, and what kustomize makes of them.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type Document, pathOf, readText, readYaml } from "./repository.ts";

/** The objects of a kustomization and of those it joins; a ConfigMap for each generator; images with their tags. */
export function readKustomization(folder: string): Document[] {
  const kustomization = readYaml(join(folder, "kustomization.yaml"));
  const objects = (kustomization.resources ?? []).flatMap((resource: string) => {
    const path = join(folder, resource);
    return existsSync(pathOf(join(path, "kustomization.yaml")))
      ? readKustomization(path)
      : parseObjects(readText(path));
  });
  for (const generator of kustomization.configMapGenerator ?? []) {
    const data: Record<string, string> = {};
    for (const file of generator.envs ?? []) Object.assign(data, parseEnv(readText(join(folder, file))));
    for (const file of generator.files ?? []) data[basename(file)] = readText(join(folder, file));
    objects.push({ kind: "ConfigMap", metadata: { name: generator.name }, data });
  }
  for (const image of kustomization.images ?? []) {
    for (const container of objects.flatMap(containersOf)) {
      if (container.image === image.name) container.image = `${image.newName ?? image.name}:${image.newTag}`;
    }
  }
  return objects;
}

export function parseObjects(text: string): Document[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Document)
    .filter((object) => object !== null);
}

function parseEnv(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Files that a kustomization under `folder` names; anything else there is dead. */
export function namedFiles(folder: string): string[] {
  const kustomization = readYaml(join(folder, "kustomization.yaml"));
  const generated = (kustomization.configMapGenerator ?? []).flatMap((generator: Document) => [
    ...(generator.envs ?? []),
    ...(generator.files ?? []),
  ]);
  const resources: string[] = [...(kustomization.resources ?? []), ...generated].map((name: string) =>
    join(folder, name),
  );
  const nested = resources.flatMap((path) =>
    existsSync(pathOf(join(path, "kustomization.yaml"))) ? namedFiles(path) : [path],
  );
  return [join(folder, "kustomization.yaml"), ...nested].sort();
}

export function podTemplateOf(object: Document): Document | undefined {
  return object.kind === "CronJob" ? object.spec?.jobTemplate?.spec?.template : object.spec?.template;
}

function containersOf(object: Document): Document[] {
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

function selectorFaults(object: Document, template: Document): string[] {
  if (object.kind !== "Deployment") return [];
  return selects(object.spec.selector?.matchLabels, template) ? [] : ["its selector does not match its own pods"];
}

/** A Service, a PodDisruptionBudget and a Namespace: what they aim at, and that it is there. */
function targetFaults(object: Document, objects: readonly Document[]): string[] {
  const templates = objects.flatMap((other) => podTemplateOf(other) ?? []);
  if (object.kind === "PodDisruptionBudget") {
    return templates.some((template) => selects(object.spec.selector.matchLabels, template)) ? [] : ["selects no pod"];
  }
  if (object.kind === "Namespace") {
    const level = object.metadata.labels?.["pod-security.kubernetes.io/enforce"];
    return level === "restricted" ? [] : [`enforces ${level} instead of restricted`];
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

function selects(labels: Record<string, string> | undefined, template: Document): boolean {
  const pairs = Object.entries(labels ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => template.metadata?.labels?.[key] === value);
}
