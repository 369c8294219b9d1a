/**
 * npm run check:cluster: each overlay on a real API server that knows the kinds of Strimzi, KEDA and Prometheus: taken,
 * rolled out on nodes that are played, and spoilt. Exit 1: something was not as it must be, or a mistake was not found.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { choices, EXIT_CONFIGURATION, type OptionValues } from "../../cli/arguments.ts";
import { runCommand } from "../../cli/command.ts";
import { Interrupt } from "../../cli/interrupt.ts";
import { BUILDS, builtObjects, OVERLAYS, type Overlay } from "../kustomize.ts";
import { Report } from "../report.ts";
import { pathOf } from "../repository.ts";
import { define, forbids, isTaken, wouldBeTaken } from "./admission.ts";
import { Cluster } from "./control-plane.ts";
import { crdFiles } from "./crds.ts";
import { type Finding, findings, isCaught, table } from "./findings.ts";
import { goesByTheHandbook } from "./handbook.ts";
import { KUBERNETES, type Programs, programs } from "./programs.ts";
import { evictsOneByOne, rollsOneByOne, rollsOut } from "./rollout.ts";

const NAME = "npm run check:cluster";
const INTERRUPTED = 130;

const options = {
  overlays: choices({ about: "which of k8s/overlays", words: OVERLAYS, fallback: OVERLAYS }),
};

const NOT_SHOWN = [
  "not shown: images, probes, volumes, Secrets and limits of resources, as there is no kubelet; NetworkPolicies, as there",
  "is no network; what the operators of Strimzi, KEDA and Prometheus make of their objects, as none of them runs",
];

type Needs = { readonly programs: Programs; readonly crds: readonly string[] };

process.exitCode = await runCommand(
  {
    name: NAME,
    about: [
      `Applies each overlay to a Kubernetes ${KUBERNETES} on this machine, rolls it out on nodes that are played, and plants`,
      "mistakes in it, each of which has to be found. Needs Go and Maven; the first time it builds Kubernetes and the others",
      "from their public modules into .weir/tools, which takes minutes and about 5 GB of Go's cache. Nothing else is left.",
      "Exit 0: all as it must be; 1: not so; 78: something is missing.",
    ],
    options,
  },
  main,
);

async function main({ overlays }: OptionValues<typeof options>): Promise<number> {
  const startedMs = performance.now();
  let needs: Needs;
  try {
    // The quick ones first: what is missing is told before anything takes minutes.
    const crds = await crdFiles();
    needs = { crds, programs: await programs() };
  } catch (error) {
    console.error(`${NAME}: ${error instanceof Error ? error.message : error}`);
    return EXIT_CONFIGURATION;
  }
  using interrupt = new Interrupt(() => process.exit(1));
  mkdirSync(pathOf(".weir"), { recursive: true });
  const folder = mkdtempSync(pathOf(".weir/cluster-"));
  const report = new Report();
  const found: Finding[] = [];
  try {
    for (const overlay of overlays)
      found.push(...(await check(report, needs, overlay, join(folder, overlay), interrupt.signal)));
  } catch (error) {
    if (!interrupt.signal.aborted) {
      console.error(`${NAME}: ${error instanceof Error ? error.message : error}\nlogs: ${folder}`);
      return 1;
    }
    console.log("interrupted; all that was started has ended");
    rmSync(folder, { recursive: true, force: true });
    return INTERRUPTED;
  }
  const missed = found.filter((finding) => !isCaught(finding)).length;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(["mistakes", ...table(found).map((line) => `  ${line}`), ...NOT_SHOWN].join("\n"));
  console.log(`${found.length} mistakes planted, ${missed} not found; ${report.found} other faults; ${seconds} s`);
  const right = missed === 0 && report.found === 0;
  if (right) rmSync(folder, { recursive: true, force: true });
  else console.log(`logs: ${folder}`);
  return right ? 0 : 1;
}

/** In a cluster of its own, which has ended when this is done. */
async function check(
  report: Report,
  { programs, crds }: Needs,
  overlay: Overlay,
  folder: string,
  interrupted: AbortSignal,
): Promise<Finding[]> {
  const startedMs = performance.now();
  const seconds = () => ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(overlay);
  await using running = await Cluster.start(programs, folder, interrupted);
  await define(running, crds);
  report.note(`Kubernetes ${KUBERNETES} is up and knows all kinds after ${seconds()} s`);
  const kustomize = [programs.kubectl, "kustomize"] as const;
  const objects = builtObjects(overlay, kustomize);
  await isTaken(report, running, objects);
  for (const build of BUILDS.filter((each) => each.startsWith(`${overlay}+`)))
    await wouldBeTaken(report, running, build, builtObjects(build, kustomize));
  await rollsOut(report, running, objects);
  await forbids(report, running, objects);
  if (overlay === "prod") {
    await rollsOneByOne(report, running);
    await evictsOneByOne(report, running);
    await goesByTheHandbook(report, running, overlay);
  }
  const found = await findings(running, overlay, objects);
  report.note(`${found.length} mistakes planted; ${seconds()} s`);
  return found;
}
