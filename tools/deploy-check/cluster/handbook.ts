/** The commands of docs/operations.md that go to the cluster, tried in the order in which they stand there. */
import type { Report } from "../report.ts";
import { pathOf } from "../repository.ts";
import type { Cluster } from "./control-plane.ts";
import { isDetector, rolledOut } from "./rollout.ts";

const DETECTOR = "deployment/weir-detector";
const PAUSED = "autoscaling.keda.sh/paused-replicas";

/** Of an overlay that has been applied, and its detectors rolled since. */
export async function goesByTheHandbook(report: Report, running: Cluster, overlay: string): Promise<void> {
  const folder = pathOf(`k8s/overlays/${overlay}`);
  const annotationOf = async (): Promise<string | undefined> => {
    const [scaled] = await running.list("scaledobjects");
    return scaled?.metadata.annotations?.[PAUSED];
  };
  const templateOf = async (): Promise<string> => {
    const detector = (await running.list("deployments")).find(isDetector);
    return JSON.stringify(detector?.spec.template);
  };

  report.check("`kubectl apply -k` takes it", await running.kubectl(["apply", "-k", folder]));
  const paused = await running.kubectl(["annotate", "scaledobject", "weir-detector", `${PAUSED}=0`]);
  report.check("the detectors are paused by hand", { ...paused, ok: paused.ok && (await annotationOf()) === "0" });
  const going = await running.kubectl(["annotate", "scaledobject", "weir-detector", `${PAUSED}-`]);
  report.check("and go on", { ...going, ok: going.ok && (await annotationOf()) === undefined });

  const before = await templateOf();
  await running.kubectl(["set", "env", DETECTOR, "EXPLAIN=full"]);
  report.check("another release rolls out", await rolledOut(running, "weir-detector"));
  const undone = await running.kubectl(["rollout", "undo", DETECTOR]);
  const back = await rolledOut(running, "weir-detector");
  const same = (await templateOf()) === before;
  report.check("`kubectl rollout undo` brings the one before", {
    ok: undone.ok && back.ok && same,
    output: [undone.output, back.output].join("\n"),
  });
}
