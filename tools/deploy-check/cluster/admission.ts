/** What a cluster takes of an overlay, and what it must not let be done to it. */
import type { Report } from "../report.ts";
import type { Document } from "../repository.ts";
import { type Cluster, NAMESPACE } from "./control-plane.ts";

/** Throws what the API server says when it does not take them. */
export async function define(running: Cluster, crds: readonly string[]): Promise<void> {
  const files = crds.flatMap((file) => ["-f", file]);
  const applied = await running.kubectl(["apply", "--server-side", ...files]);
  const words = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"];
  const { ok, output } = applied.ok ? await running.kubectl(words) : applied;
  if (!ok) throw new Error(`the definitions of other kinds are not taken: ${output}`);
}

export async function isTaken(report: Report, running: Cluster, objects: readonly Document[]): Promise<void> {
  report.check(`${objects.length} objects are taken without a warning`, await running.apply(objects));
  report.check("taken again they would change nothing", await running.differences(objects));
}

/** Another build of an overlay that has been applied. */
export async function wouldBeTaken(
  report: Report,
  running: Cluster,
  build: string,
  objects: readonly Document[],
): Promise<void> {
  const answer = await running.apply(objects, "--dry-run=server", "--force-conflicts");
  report.check(`${objects.length} objects of ${build} would be taken without a warning`, answer);
}

/** What is right as a document and still must not be. */
export async function forbids(report: Report, running: Cluster, objects: readonly Document[]): Promise<void> {
  const detector = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "weir-detector");
  const metadata = { name: "root", namespace: NAMESPACE };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: structuredClone(detector.spec.template.spec) };
  pod.spec.securityContext.runAsUser = 0;
  report.refuses("a pod as root", await running.apply([pod], "--dry-run=server"), "violates PodSecurity");
  const map = structuredClone(objects.find(({ kind }) => kind === "ConfigMap"));
  map.data = { ...map.data, LOG_LEVEL: "trace" };
  const changed = await running.apply([map], "--dry-run=server", "--force-conflicts");
  report.refuses("another setting in a ConfigMap that pods run with", changed, "immutable");
  for (const [verb, what] of [
    ["get", "secrets"],
    ["list", "pods"],
    ["create", "pods"],
  ] as const) {
    const may = await running.kubectl([
      "auth",
      "can-i",
      verb,
      what,
      `--as=system:serviceaccount:${NAMESPACE}:weir-detector`,
    ]);
    report.refuses(`the detector's ServiceAccount to ${verb} ${what}`, may, "no");
  }
}
