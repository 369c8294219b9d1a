/** An overlay comes to run, on nodes that are played: what of it can be seen from outside. */
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@weir/testing";
import { podTemplateOf } from "../manifests.ts";
import type { Report } from "../report.ts";
import type { Document } from "../repository.ts";
import type { Result } from "../toolbox.ts";
import { type Cluster, NAMESPACE } from "./control-plane.ts";

const ROLLS_WITHIN_MS = 90_000;
const SETTLES_WITHIN_MS = 20_000;

/** Of objects that have been applied. */
export async function rollsOut(report: Report, running: Cluster, objects: readonly Document[]): Promise<void> {
  await scaleAsKeda(running, objects);
  for (const { kind, metadata } of objects)
    if (kind === "Deployment") report.check(`${metadata.name} rolls out`, await rolledOut(running, metadata.name));
  const ended = await running.kubectl(["wait", "--for=condition=Complete", "job/weir-topics", "--timeout=60s"]);
  report.check("the topics job ends", ended);
  const pods = await running.list("pods");
  report.check(
    `${pods.length} pods of all that has any, without a token of the cluster; the detectors with their priority`,
    {
      ok:
        podsAreThere(pods, objects) && pods.every(({ spec }) => !mountsToken(spec)) && haveTheirPriority(pods, objects),
      output: JSON.stringify(pods.map(({ spec }) => spec)),
    },
  );
  const detectors = pods.filter(isDetector);
  const zones = new Set(detectors.map(({ spec }) => spec.nodeName));
  report.check(`${detectors.length} detectors are spread over ${zones.size} zones`, {
    ok: detectors.length > 1 && zones.size === detectors.length,
    output: [...zones].join(" "),
  });
  report.check("each Service leads to its pods", await servicesLead(running, objects));
  const warnings = (await running.list("events")).filter(({ type }) => type === "Warning");
  const output = warnings.map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`).join("\n");
  report.check("nobody warns of anything meanwhile", { ok: warnings.length === 0, output });
}

/** Nobody plays KEDA here, which would begin with its least. */
async function scaleAsKeda(running: Cluster, objects: readonly Document[]): Promise<void> {
  for (const { spec } of objects.filter(({ kind }) => kind === "ScaledObject"))
    await running.kubectl(["scale", `deployment/${spec.scaleTargetRef.name}`, `--replicas=${spec.minReplicaCount}`]);
}

export function rolledOut(running: Cluster, name: string): Promise<Result> {
  return running.kubectl(["rollout", "status", `deployment/${name}`, "--timeout=60s"]);
}

export function isDetector({ metadata }: Document): boolean {
  return metadata.labels?.["app.kubernetes.io/name"] === "weir-detector";
}

/** Of each Deployment and Job; a CronJob waits for its hour. */
function podsAreThere(pods: readonly Document[], objects: readonly Document[]): boolean {
  const wanted = objects.flatMap((object) => (object.kind === "CronJob" ? [] : (podTemplateOf(object) ?? [])));
  const accounts = new Set(pods.map(({ spec }) => spec.serviceAccountName));
  return wanted.length > 0 && wanted.every(({ spec }) => accounts.has(spec.serviceAccountName));
}

function mountsToken(spec: Document): boolean {
  return (spec.volumes ?? []).some(({ projected }: Document) => projected !== undefined);
}

function haveTheirPriority(pods: readonly Document[], objects: readonly Document[]): boolean {
  const priority = objects.find(({ kind }) => kind === "PriorityClass")?.value;
  return priority > 0 && pods.filter(isDetector).every(({ spec }) => spec.priority === priority);
}

/** To as many as are ready, at the port that the Service names. */
async function servicesLead(running: Cluster, objects: readonly Document[]): Promise<Result> {
  const services = objects.filter(({ kind }) => kind === "Service");
  let missing: string[] = [];
  const lead = async (): Promise<boolean> => {
    const slices = await running.list("endpointslices");
    const pods = await running.list("pods");
    missing = services.flatMap(({ metadata, spec }) => {
      const own = slices.filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === metadata.name);
      const ready = own.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions.ready);
      const wanted = pods.filter((pod) =>
        Object.entries(spec.selector).every(([key, value]) => pod.metadata.labels[key] === value),
      );
      const open = own.some(({ ports }) => (ports ?? []).length === spec.ports.length);
      return open && wanted.length > 0 && ready.length === wanted.length
        ? []
        : [`${metadata.name} leads to ${ready.length}`];
    });
    return missing.length === 0;
  };
  return { ok: services.length > 0 && (await until(lead, SETTLES_WITHIN_MS, 200)), output: missing.join("\n") };
}

/** What warns of the pods of this Deployment when a copy of it, of one pod, is to run: `says` at last, or all in the end. */
export async function warningsOf(running: Cluster, deployment: Document, says: string): Promise<string> {
  const name = "planted";
  const labels = { app: name };
  const copy = structuredClone(deployment);
  copy.metadata = { name, namespace: deployment.metadata.namespace };
  Object.assign(copy.spec, { replicas: 1, selector: { matchLabels: labels } });
  copy.spec.template.metadata = { labels };
  const { output } = await running.apply([copy]);
  let warnings = "";
  const warned = async (): Promise<boolean> => {
    warnings = (await running.list("events"))
      .filter(({ type, involvedObject }) => type === "Warning" && involvedObject.name.startsWith(name))
      .map(({ message }) => message)
      .join("\n");
    return warnings.includes(says);
  };
  if (output.includes("serverside-applied")) await until(warned, SETTLES_WITHIN_MS, 200);
  else warnings = output;
  await running.kubectl(["delete", "deployment", name, "--cascade=foreground", "--timeout=30s"]);
  await running.kubectl(["delete", "events", "--all"]);
  return warnings;
}

/** As `maxSurge: 0`, `maxUnavailable: 1` say: at no time are two away, and none is added. */
export async function rollsOneByOne(report: Report, running: Cluster): Promise<void> {
  const startedMs = performance.now();
  const before = (await running.list("pods")).filter(isDetector).map(({ metadata }) => metadata.uid);
  const restarted = await running.kubectl(["rollout", "restart", "deployment/weir-detector"]);
  const seen: { readonly available: number; readonly all: number }[] = [];
  const done = async (): Promise<boolean> => {
    const [deployment] = (await running.list("deployments")).filter(isDetector);
    const { availableReplicas = 0, replicas = 0, updatedReplicas = 0, observedGeneration } = deployment.status;
    seen.push({ available: availableReplicas, all: replicas });
    const current = observedGeneration >= deployment.metadata.generation;
    return current && updatedReplicas === before.length && availableReplicas === before.length;
  };
  const rolled = restarted.ok && (await until(done, ROLLS_WITHIN_MS, 50));
  const after = (await running.list("pods")).filter(isDetector).map(({ metadata }) => metadata.uid);
  const fewest = Math.min(...seen.map(({ available }) => available));
  const most = Math.max(...seen.map(({ all }) => all));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  report.check(
    `a rolling update replaces ${before.length} detectors in ${seconds} s, looked at ${seen.length} times: never fewer than ${fewest}, never more than ${most}`,
    {
      ok:
        rolled &&
        before.length > 1 &&
        !before.some((uid) => after.includes(uid)) &&
        fewest === before.length - 1 &&
        most === before.length,
      output: JSON.stringify(seen),
    },
  );
}

/** The budget lets one go, and the next one only when that is back. */
export async function evictsOneByOne(report: Report, running: Cluster): Promise<void> {
  const [first, second] = (await running.list("pods")).filter(isDetector).map(({ metadata }) => metadata.name);
  const evict = (name: string): Promise<Result> =>
    running.kubectl(["create", "--raw", `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`, "-f", "-"], {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: NAMESPACE },
    });
  const allowed = async (): Promise<boolean> =>
    (await running.list("poddisruptionbudgets")).find(isDetector)?.status?.disruptionsAllowed === 1;
  await until(allowed, SETTLES_WITHIN_MS, 100);
  await running.withNodesFrozen(async () => {
    report.check("one detector may be evicted", await evict(first));
    await sleep(1_000);
    report.refuses("to evict a second one meanwhile", await evict(second), "disruption budget");
  });
  const back = await until(allowed, SETTLES_WITHIN_MS, 100);
  report.check(
    "and the second one when the first is back",
    back ? await evict(second) : { ok: false, output: "never" },
  );
}
