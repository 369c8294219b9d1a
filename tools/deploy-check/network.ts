/** What the NetworkPolicies of an overlay must keep to: nobody talks to anybody, no port of a service is open but that of its probes, and whoever needs Kafka or a collector reaches it. */
import { podTemplateOf, settingsOf } from "./manifests.ts";
import { type Document, SERVICES } from "./repository.ts";

export function networkFaults(objects: readonly Document[]): string[] {
  const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
  const faults = policies.some(deniesAll) ? [] : ["no NetworkPolicy denies what no other one allows"];
  for (const { metadata, spec } of policies)
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      if (Object.keys(rule).length === 0) faults.push(`NetworkPolicy ${metadata.name}: allows everything`);
  for (const { metadata, spec } of policies) {
    const isOurs = objects.some(
      (object) => isService(object) && matches(spec.podSelector, podTemplateOf(object) ?? {}),
    );
    const ports = (spec.ingress ?? []).flatMap((rule: Document) => rule.ports ?? [{ port: "each" }]);
    for (const { port } of isOurs ? ports : [])
      if (port !== "http") faults.push(`NetworkPolicy ${metadata.name}: lets others in at port ${port}`);
  }
  for (const object of objects) {
    const template = podTemplateOf(object);
    if (!template) continue;
    const { KAFKA_BROKER_URL: broker, OTEL_EXPORTER_OTLP_ENDPOINT: collector } = settingsOf(template, objects);
    for (const address of [broker, collector].filter((one) => one !== undefined)) {
      const open = policies.some(({ spec }) => matches(spec.podSelector, template) && leadsTo(spec.egress, address));
      if (!open) faults.push(`${object.kind} ${object.metadata.name}: no NetworkPolicy lets it reach ${address}`);
    }
    const kafka = objects.find(
      ({ kind, metadata }) => kind === "Kafka" && broker?.startsWith(`${metadata.name}-kafka-`),
    );
    if (kafka && !letsIn(kafka, Number(broker?.split(":").at(-1)), template))
      faults.push(`Kafka ${kafka.metadata.name}: does not let ${object.metadata.name} in at ${broker}`);
  }
  return faults;
}

/** One that answers by HTTP: nobody but Prometheus asks it anything, and that at one port. */
function isService({ kind, metadata }: Document): boolean {
  return kind === "Deployment" && SERVICES.some((name) => metadata.name === `weir-${name}`);
}

function deniesAll({ spec }: Document): boolean {
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
  return Object.keys(spec.podSelector).length === 0 && spec.policyTypes.length === 2 && rules.length === 0;
}

/** `address`: host:port, or such a URL; a host SERVICE.NAMESPACE.svc is in that namespace, any other one anywhere. */
function leadsTo(egress: readonly Document[] | undefined, address: string): boolean {
  const [, host = "", port] = /^(?:https?:\/\/)?([^:/]+):(\d+)/.exec(address) ?? [];
  const [, namespace] = /^[^.]+\.([^.]+)\.svc/.exec(host) ?? [];
  return (egress ?? []).some(
    ({ ports = [], to }) =>
      ports.some((open: Document) => open.port === Number(port)) &&
      (namespace === undefined || to === undefined || to.some((peer: Document) => isIn(peer, namespace))),
  );
}

/** Pods that a policy lets somebody reach, which are in a namespace by its name. */
function isIn({ namespaceSelector }: Document, namespace: string): boolean {
  return matches(namespaceSelector ?? {}, { metadata: { labels: { "kubernetes.io/metadata.name": namespace } } });
}

/** By the policy that Strimzi makes of a listener's peers; without any, everybody may come in. */
function letsIn({ spec }: Document, port: number, template: Document): boolean {
  return spec.kafka.listeners.some(
    (listener: Document) =>
      listener.port === port &&
      (listener.networkPolicyPeers ?? [{ podSelector: {} }]).some(({ podSelector }: Document) =>
        matches(podSelector, template),
      ),
  );
}

/** A label selector with matchLabels and `In`, the two that are used here; an empty one matches every pod. */
export function matches({ matchLabels = {}, matchExpressions = [] }: Document, template: Document): boolean {
  const labels = template.metadata?.labels ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(
      ({ key, operator, values }: Document) => operator === "In" && values.includes(labels[key] ?? ""),
    )
  );
}
