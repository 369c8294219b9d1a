/** What scales, spreads and watches the Deployments of an overlay, and that it aims at what is there. */
import { entryGroup } from "@weir/detector";
import { TOPICS } from "@weir/schema";
import { containersOf, podTemplateOf, selects, settingsOf } from "./manifests.ts";
import { matches } from "./network.ts";
import type { Document } from "./repository.ts";

/** Below this a short pause of the input would move partitions twice. */
const MIN_SLOW_DOWN_S = 300;

export function scalingFaults(objects: readonly Document[]): string[] {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const scaled = of("ScaledObject");
  return [
    ...scaled.flatMap((object) =>
      scaledObjectFaults(object, objects).map((fault) => `ScaledObject ${object.metadata.name}: ${fault}`),
    ),
    ...of("Deployment").flatMap((deployment) =>
      deploymentFaults(deployment, scaled, of("PodDisruptionBudget")).map(
        (fault) => `Deployment ${deployment.metadata.name}: ${fault}`,
      ),
    ),
    ...of("PodMonitor").flatMap(({ metadata, spec }) =>
      of("Deployment")
        .filter((deployment) => !isWatched(spec, deployment))
        .map((deployment) => `PodMonitor ${metadata.name}: does not see ${deployment.metadata.name}`),
    ),
  ];
}

function scaledObjectFaults({ spec }: Document, objects: readonly Document[]): string[] {
  const target = objects.find(
    ({ kind, metadata }) => kind === "Deployment" && metadata.name === spec.scaleTargetRef.name,
  );
  if (!target) return [`Deployment ${spec.scaleTargetRef.name} does not exist`];
  const faults: string[] = [];
  const [{ metadata: trigger, authenticationRef }] = spec.triggers;
  const partitions = partitionsOf(trigger.topic, objects);
  if (!(spec.maxReplicaCount <= partitions))
    faults.push(`scales to ${spec.maxReplicaCount}, and ${trigger.topic} has ${partitions} partitions`);
  const { scaleDown } = spec.advanced.horizontalPodAutoscalerConfig.behavior;
  const slow = scaleDown.stabilizationWindowSeconds >= MIN_SLOW_DOWN_S;
  if (!slow || scaleDown.policies.some(({ type, value }: Document) => type !== "Pods" || value > 1))
    faults.push("scales down fast");
  if (trigger.consumerGroup !== entryGroup("weir") || trigger.topic !== TOPICS.transactions)
    faults.push(`looks at ${trigger.consumerGroup} on ${trigger.topic}, which is not the input`);
  const settings = settingsOf(target.spec.template, objects);
  const [host = "", port] = String(settings.KAFKA_BROKER_URL).split(":");
  const wanted = `${host}.${target.metadata.namespace}.svc:${port}`;
  if (trigger.bootstrapServers !== wanted) faults.push(`asks ${trigger.bootstrapServers}, the detector ${wanted}`);
  const secure = settings.KAFKA_TLS === "true";
  if (secure !== (trigger.tls === "enable") || secure !== (authenticationRef !== undefined))
    faults.push("does not log in as the detector has to");
  return faults;
}

/** Of the topic as Strimzi is told, or as the Job makes it. */
function partitionsOf(topic: string, objects: readonly Document[]): number {
  const declared = objects.find(({ kind, metadata }) => kind === "KafkaTopic" && metadata.name === topic);
  if (declared) return declared.spec.partitions;
  const args: string[] = objects.filter(({ kind }) => kind === "Job").flatMap(containersOf)[0]?.args ?? [];
  return Number(args[args.indexOf("--partitions") + 1]);
}

function deploymentFaults(
  { metadata, spec }: Document,
  scaled: readonly Document[],
  budgets: readonly Document[],
): string[] {
  const isScaled = scaled.some((object) => object.spec.scaleTargetRef.name === metadata.name);
  const faults: string[] = [];
  if (isScaled && spec.replicas !== undefined) faults.push("each apply sets the number back that KEDA has set");
  if (!isScaled && spec.replicas === 1) return faults;
  const spread = (spec.template.spec.topologySpreadConstraints ?? []).map((each: Document) => each.topologyKey);
  for (const key of ["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
    if (!spread.includes(key)) faults.push(`is not spread over ${key}`);
  if (!budgets.some((budget) => selects(budget.spec.selector.matchLabels, spec.template)))
    faults.push("has no PodDisruptionBudget: a drain of nodes may take all of it");
  return faults;
}

/** Its pods are selected, by a port that they open, under the job name that alerts and boards know. */
function isWatched({ selector, jobLabel, podMetricsEndpoints }: Document, deployment: Document): boolean {
  const template = podTemplateOf(deployment);
  const open = containersOf(deployment).flatMap(({ ports = [] }) => ports.map((port: Document) => port.name));
  return (
    matches(selector, template) &&
    podMetricsEndpoints.every(({ port }: Document) => open.includes(port)) &&
    template.metadata.labels[jobLabel] === deployment.metadata.name
  );
}
