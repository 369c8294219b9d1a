import { describe, expect, it } from "vitest";
import { manifestFaults, namedFiles, readKustomization, settingsOf } from "./manifests.ts";
import { type Document, filesBelow, readText, SERVICES, settingNames } from "./repository.ts";

const objects = () => readKustomization("k8s");

function changed(change: (find: (kind: string, name: string) => Document) => void): string[] {
  const all = objects();
  change((kind, name) => all.find((object) => object.kind === kind && object.metadata.name === name));
  return manifestFaults(all);
}

describe("k8s", () => {
  it("keeps every rule", () => {
    expect(manifestFaults(objects())).toEqual([]);
  });

  it("has a Deployment, a Service and a ServiceAccount of each service, and a Job for the topics, and one on a schedule for the model", () => {
    const names = objects().map((object) => `${object.kind}/${object.metadata.name}`);
    for (const service of SERVICES) {
      for (const kind of ["Deployment", "Service", "ServiceAccount"])
        expect(names).toContain(`${kind}/weir-${service}`);
    }
    expect(names).toContain("Job/weir-topics");
    expect(names).toContain("CronJob/weir-training");
  });

  it("holds no file that no kustomization names", () => {
    const present = [...filesBelow("k8s", ".yaml"), ...filesBelow("k8s", ".env")].toSorted();
    expect(namedFiles("k8s")).toEqual(present);
  });

  it.each(SERVICES)("gives the %s only settings that it reads", (service) => {
    const all = objects();
    const { spec } = all.find((object) => object.kind === "Deployment" && object.metadata.name === `weir-${service}`);
    const settings = Object.keys(settingsOf(spec.template, all));
    expect(settings.length).toBeGreaterThan(0);
    expect(settings.filter((name) => !settingNames(service).has(name))).toEqual([]);
  });

  it("deploys card-payments as it is (after a change: cp rulesets/card-payments.yaml k8s/detector/ruleset.yaml)", () => {
    expect(readText("k8s/detector/ruleset.yaml")).toBe(readText("rulesets/card-payments.yaml"));
  });

  it.each([
    ["Deployment", "weir-detector"],
    ["Job", "weir-topics"],
  ])("mounts the ruleset where RULESET says: %s %s", (kind, name) => {
    const all = objects();
    const { template } = all.find((object) => object.metadata.name === name && object.kind === kind).spec;
    const mount = template.spec.containers[0].volumeMounts.find((each: Document) => each.name === "ruleset");
    const files = Object.keys(all.find((object) => object.metadata.name === "weir-ruleset").data);
    expect(files.map((file) => `${mount.mountPath}/${file}`)).toEqual([settingsOf(template, all).RULESET]);
  });
});

describe("the rules for k8s", () => {
  const pod = (object: Document) => object.spec.template.spec;
  it.each<[string, (find: (kind: string, name: string) => Document) => void]>([
    ["may run as root", (f) => delete pod(f("Deployment", "weir-detector")).securityContext.runAsNonRoot],
    ["may run as root", (f) => (pod(f("Job", "weir-topics")).securityContext.runAsUser = 0)],
    [
      "mounts a token",
      (f) => delete f("CronJob", "weir-training").spec.jobTemplate.spec.template.spec.automountServiceAccountToken,
    ],
    ["has no seccomp profile", (f) => delete pod(f("Deployment", "weir-detector")).securityContext.seccompProfile],
    ["mounts a token", (f) => delete pod(f("Deployment", "weir-detector")).automountServiceAccountToken],
    ["mounts a token", (f) => delete f("ServiceAccount", "weir-generator").automountServiceAccountToken],
    ["gets variables of other Services", (f) => delete pod(f("Deployment", "weir-detector")).enableServiceLinks],
    ["hostNetwork opens the host", (f) => (pod(f("Deployment", "weir-detector")).hostNetwork = true)],
    ["is killed after 10 s", (f) => (pod(f("Deployment", "weir-detector")).terminationGracePeriodSeconds = 10)],
    [
      "may gain privileges",
      (f) => delete pod(f("Deployment", "weir-detector")).containers[0].securityContext.allowPrivilegeEscalation,
    ],
    [
      "file system is writable",
      (f) => delete pod(f("Deployment", "weir-detector")).containers[0].securityContext.readOnlyRootFilesystem,
    ],
    [
      "not every capability is dropped",
      (f) => (pod(f("Job", "weir-topics")).containers[0].securityContext.capabilities = {}),
    ],
    ["is not pinned", (f) => (pod(f("Deployment", "weir-detector")).containers[0].image = "weir-detector:latest")],
    [
      "limits of memory are missing",
      (f) => delete pod(f("Deployment", "weir-detector")).containers[0].resources.limits.memory,
    ],
    [
      "livenessProbe does not ask /livez",
      (f) => (pod(f("Deployment", "weir-detector")).containers[0].livenessProbe.httpGet.path = "/readyz"),
    ],
    [
      "readinessProbe does not ask",
      (f) => (pod(f("Deployment", "weir-detector")).containers[0].readinessProbe.httpGet.port = "web"),
    ],
    [
      "ServiceAccount default does not exist",
      (f) => (pod(f("Deployment", "weir-detector")).serviceAccountName = "default"),
    ],
    [
      "ConfigMap other does not exist",
      (f) => (pod(f("Deployment", "weir-detector")).volumes[0].configMap.name = "other"),
    ],
    [
      "volume data does not exist",
      (f) => (pod(f("Deployment", "weir-detector")).containers[0].volumeMounts[0].name = "data"),
    ],
    ["port web is open in no pod", (f) => (f("Service", "weir-generator").spec.ports[0].targetPort = "web")],
    ["port http is open in no pod", (f) => (f("Service", "weir-generator").spec.selector = { app: "generator" })],
    ["selects no pod", (f) => (f("PodDisruptionBudget", "weir-detector").spec.selector.matchLabels = { app: "x" })],
    [
      "enforces baseline",
      (f) => (f("Namespace", "weir").metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline"),
    ],
    [
      "its selector does not match",
      (f) => (f("Deployment", "weir-generator").spec.selector.matchLabels = { app: "x" }),
    ],
  ])("find: %s", (fault, change) => {
    const faults = changed(change);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });
});
