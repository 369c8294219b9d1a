import { describe, expect, it } from "vitest";
import { BUILDS, type Build, builtObjects, KUSTOMIZE, OPTIONAL, OVERLAYS, overlayFolder } from "./kustomize.ts";
import { namedFiles, settingsOf } from "./manifests.ts";
import { policyFaults } from "./policies.ts";
import { type Document, filesBelow, SERVICES, settingNames } from "./repository.ts";

type Find = (kind: string, name: string) => Document;

/** By kind and name, or by the name that the generator of a ConfigMap has. */
function finder(all: readonly Document[]): Find {
  return (kind, name) =>
    all.find(
      (object) => object.kind === kind && object.metadata.name.replace(/(?<=^weir-\w+)-[a-z0-9]{10}$/, "") === name,
    );
}

describe("k8s", () => {
  it("holds no file that no kustomization names", () => {
    const present = [...filesBelow("k8s", ".yaml"), ...filesBelow("k8s", ".env")].toSorted();
    const folders = [...OVERLAYS.map(overlayFolder), ...OPTIONAL.map((component) => `k8s/${component}`)];
    expect([...new Set(folders.flatMap(namedFiles))].toSorted()).toEqual(present);
  });
});

/** kubectl or kustomize is needed; where neither is there, these are not run. */
describe.skipIf(KUSTOMIZE === null)("what kustomize builds", () => {
  describe.each(BUILDS)("of %s", (build) => {
    it("keeps every rule", () => {
      expect(policyFaults(builtObjects(build))).toEqual([]);
    });

    it("gives the services only settings that they read", () => {
      const all = builtObjects(build);
      for (const service of SERVICES) {
        const deployment = finder(all)("Deployment", `weir-${service}`);
        if (!deployment) continue;
        const settings = Object.keys(settingsOf(deployment.spec.template, all));
        expect(settings.length).toBeGreaterThan(0);
        expect(settings.filter((name) => !settingNames(service).has(name))).toEqual([]);
      }
    });

    it.each([
      ["Deployment", "weir-detector"],
      ["Deployment", "weir-quality"],
      ["Job", "weir-topics"],
    ])("mounts the files that settings name: %s %s", (kind, name) => {
      const all = builtObjects(build);
      const { spec } = finder(all)(kind, name).spec.template;
      const settings = settingsOf({ spec }, all);
      const files = mountedFiles(spec, all);
      for (const setting of ["RULESET", "KAFKA_TLS_CA_FILE", "KAFKA_SASL_PASSWORD_FILE"])
        if (settings[setting] !== undefined) expect(files, setting).toContain(settings[setting]);
      expect(settings.RULESET).toBeDefined();
    });
  });

  it("is input from our generator in dev, and from others in prod and secure", () => {
    const withGenerator = OVERLAYS.filter((overlay) => finder(builtObjects(overlay))("Deployment", "weir-generator"));
    expect(withGenerator).toEqual(["dev"]);
  });

  it("is a Kafka of its own, logged in to over TLS, in secure alone", () => {
    for (const overlay of OVERLAYS) {
      const all = builtObjects(overlay);
      const settings = settingsOf(finder(all)("Deployment", "weir-detector").spec.template, all);
      const secure = overlay === "secure";
      expect(finder(all)("Kafka", "weir") !== undefined, overlay).toBe(secure);
      expect(settings.KAFKA_TLS === "true" && settings.KAFKA_SASL_MECHANISM === "scram-sha-512", overlay).toBe(secure);
    }
  });

  it.each(OVERLAYS)("of %s with tracing sends spans, and otherwise is as without", (overlay) => {
    const [plain, traced] = ([overlay, `${overlay}+tracing`] as const).map((build) => builtObjects(build)) as [
      Document[],
      Document[],
    ];
    const settings = (all: readonly Document[], service: string) => {
      const deployment = finder(all)("Deployment", `weir-${service}`);
      return deployment && settingsOf(deployment.spec.template, all);
    };
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: expect.stringMatching(/^http:.*:4318$/) };
    const added = { detector: endpoint, generator: { ...endpoint, OTEL_TRACES_SAMPLER_ARG: "0.01" }, quality: {} };
    for (const service of SERVICES) {
      const before = settings(plain, service);
      expect(settings(traced, service), service).toEqual(before && { ...before, ...added[service] });
    }
    const policy = finder(traced)("NetworkPolicy", "weir-tracing");
    expect(policy.metadata).toMatchObject({ namespace: "weir", labels: { "app.kubernetes.io/part-of": "weir" } });
    // A ConfigMap has another name, so those who trace are rolled out anew, and nobody else.
    const rest = (all: readonly Document[]) =>
      all.filter((object) => object !== policy && settingsOfTracers(object) === undefined);
    expect(rest(traced)).toEqual(rest(plain));
    const names = (all: readonly Document[]) => all.flatMap((object) => settingsOfTracers(object) ?? []);
    expect(new Set(names(traced)).isDisjointFrom(new Set(names(plain)))).toBe(true);
  });
});

/** The name of the ConfigMap that it is, or that it takes its settings from, if it is of a service that traces. */
function settingsOfTracers({ kind, metadata, spec }: Document): string | undefined {
  const name = kind === "Deployment" ? spec.template.spec.containers[0].envFrom[0].configMapRef.name : metadata.name;
  const isOne = (kind === "Deployment" || kind === "ConfigMap") && /^weir-(detector|generator)-/.test(name);
  return isOne ? name : undefined;
}

/** Paths of the files that volumes of ConfigMaps and Secrets bring to a pod's first container. */
function mountedFiles(spec: Document, all: readonly Document[]): string[] {
  return spec.containers[0].volumeMounts.flatMap(({ name, mountPath }: Document) => {
    const { configMap, secret } = spec.volumes.find((volume: Document) => volume.name === name);
    const map =
      configMap && all.find((object) => object.kind === "ConfigMap" && object.metadata.name === configMap.name);
    const files = map ? Object.keys(map.data) : (secret?.items ?? []).map(({ path }: Document) => path);
    return files.map((file: string) => `${mountPath}/${file}`);
  });
}

describe.skipIf(KUSTOMIZE === null)("the rules for k8s", () => {
  const pod = (object: Document) => object.spec.template.spec;
  const detector = (f: Find) => f("Deployment", "weir-detector");
  const container = (f: Find) => pod(detector(f)).containers[0];
  const trigger = (f: Find) => f("ScaledObject", "weir-detector").spec.triggers[0];

  it.each<[fault: string, change: (find: Find) => unknown, build?: Build]>([
    ["may run as root", (f) => delete pod(detector(f)).securityContext.runAsNonRoot],
    ["may run as root", (f) => (pod(f("Job", "weir-topics")).securityContext.runAsUser = 0)],
    [
      "mounts a token",
      (f) => delete f("CronJob", "weir-training").spec.jobTemplate.spec.template.spec.automountServiceAccountToken,
    ],
    ["mounts a token", (f) => delete pod(detector(f)).automountServiceAccountToken],
    ["mounts a token", (f) => delete f("ServiceAccount", "weir-detector").automountServiceAccountToken],
    ["has no seccomp profile", (f) => delete pod(detector(f)).securityContext.seccompProfile],
    ["gets variables of other Services", (f) => delete pod(detector(f)).enableServiceLinks],
    ["hostNetwork opens the host", (f) => (pod(detector(f)).hostNetwork = true)],
    ["is killed after 10 s", (f) => (pod(detector(f)).terminationGracePeriodSeconds = 10)],
    ["may gain privileges", (f) => delete container(f).securityContext.allowPrivilegeEscalation],
    ["file system is writable", (f) => delete container(f).securityContext.readOnlyRootFilesystem],
    [
      "not every capability is dropped",
      (f) => (pod(f("Job", "weir-topics")).containers[0].securityContext.capabilities = {}),
    ],
    ["is not pinned", (f) => (container(f).image = "weir-detector:latest")],
    ["limits of memory are missing", (f) => delete container(f).resources.limits.memory],
    ["startupProbe does not ask /livez", (f) => delete container(f).startupProbe],
    ["livenessProbe does not ask /livez", (f) => (container(f).livenessProbe.httpGet.path = "/readyz")],
    ["readinessProbe does not ask", (f) => (container(f).readinessProbe.httpGet.port = "web")],
    ["ServiceAccount default does not exist", (f) => (pod(detector(f)).serviceAccountName = "default")],
    ["PriorityClass high does not exist", (f) => (pod(detector(f)).priorityClassName = "high")],
    ["ConfigMap other does not exist", (f) => (pod(detector(f)).volumes[0].configMap.name = "other"), "dev"],
    ["Secret other is made by nobody", (f) => (pod(detector(f)).volumes[0].secret.secretName = "other")],
    ["volume data does not exist", (f) => (container(f).volumeMounts[0].name = "data")],
    ["can be changed under a pod", (f) => delete f("ConfigMap", "weir-ruleset").immutable],
    ["port web is open in no pod", (f) => (f("Service", "weir-detector").spec.ports[0].targetPort = "web")],
    ["port http is open in no pod", (f) => (f("Service", "weir-detector").spec.selector = { app: "detector" })],
    [
      "enforces baseline",
      (f) => (f("Namespace", "weir").metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline"),
    ],
    ["its selector does not match", (f) => (detector(f).spec.selector.matchLabels = { app: "x" })],
    // Who may talk to whom.
    ["no NetworkPolicy denies", (f) => (f("NetworkPolicy", "weir-default-deny").spec.policyTypes = ["Ingress"])],
    [
      "lets others in at port 8070",
      (f) => f("NetworkPolicy", "weir-scrape").spec.ingress[0].ports.push({ port: 8070 }),
    ],
    ["lets others in at port each", (f) => delete f("NetworkPolicy", "weir-scrape").spec.ingress[0].ports],
    ["weir-dns: allows everything", (f) => f("NetworkPolicy", "weir-dns").spec.egress.push({})],
    [
      "Job weir-topics: no NetworkPolicy lets it reach",
      (f) => f("NetworkPolicy", "weir-kafka-clients").spec.podSelector.matchExpressions[0].values.pop(),
    ],
    [
      "Deployment weir-generator: no NetworkPolicy lets it reach http:",
      (f) => f("NetworkPolicy", "weir-tracing").spec.podSelector.matchExpressions[0].values.pop(),
      "dev+tracing",
    ],
    [
      "Deployment weir-detector: no NetworkPolicy lets it reach http:",
      (f) => (f("NetworkPolicy", "weir-tracing").spec.egress[0].ports[0].port = 4317),
      "secure+tracing",
    ],
    [
      "Deployment weir-detector: no NetworkPolicy lets it reach http://collector.elsewhere.svc:4318",
      (f) => (f("ConfigMap", "weir-detector").data.OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.elsewhere.svc:4318"),
      "prod+tracing",
    ],
    [
      "Kafka weir: does not let weir-quality in at weir-kafka-bootstrap:9093",
      (f) =>
        f("Kafka", "weir").spec.kafka.listeners[0].networkPolicyPeers[0].podSelector.matchExpressions[0].values.splice(
          1,
          1,
        ),
    ],
    // How many there are, and where.
    ["each apply sets the number back", (f) => (detector(f).spec.replicas = 3)],
    ["is not spread over topology.kubernetes.io/zone", (f) => pod(detector(f)).topologySpreadConstraints.shift()],
    ["has no PodDisruptionBudget", (f) => (f("PodDisruptionBudget", "weir-detector").kind = "ConfigMapList")],
    [
      "Deployment other does not exist",
      (f) => (f("ScaledObject", "weir-detector").spec.scaleTargetRef.name = "other"),
      "prod",
    ],
    [
      "scales to 13, and queueing.transactions has 12",
      (f) => (f("ScaledObject", "weir-detector").spec.maxReplicaCount = 13),
    ],
    [
      "scales to 12, and queueing.transactions has 4",
      (f) => (pod(f("Job", "weir-topics")).containers[0].args[4] = "4"),
      "prod",
    ],
    [
      "scales down fast",
      (f) =>
        (f(
          "ScaledObject",
          "weir-detector",
        ).spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds = 30),
    ],
    ["which is not the input", (f) => (trigger(f).metadata.consumerGroup = "weir")],
    ["asks kafka:9092", (f) => (trigger(f).metadata.bootstrapServers = "kafka:9092")],
    ["does not log in as the detector", (f) => delete trigger(f).authenticationRef],
    ["PodMonitor weir: does not see weir-", (f) => (f("PodMonitor", "weir").spec.podMetricsEndpoints[0].port = "web")],
    ["PodMonitor weir: does not see weir-", (f) => (f("PodMonitor", "weir").spec.jobLabel = "app")],
  ])("find: %s", (fault, change, build = "secure") => {
    const all = builtObjects(build);
    change(finder(all));
    const found = policyFaults(all);
    expect(found).not.toEqual([]);
    expect(found.filter((one) => !one.includes(fault))).toEqual([]);
  });
});
