/** The programs of a Kubernetes control plane, and the one that plays its nodes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { goFiles, goModule, goTool, needsGo } from "../toolbox.ts";

export const KUBERNETES = "1.37.2";
const ETCD = "v3.7.3";
const KWOK = "v0.8.0";

const MODULE = "k8s.io/kubernetes";
const COMPONENTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"] as const;

export type Programs = Readonly<Record<(typeof COMPONENTS)[number] | "etcd" | "kwok", string>> & {
  /** What kwok makes of nodes and pods: ready at once, gone when they are to go, and jobs done. */
  readonly stages: readonly string[];
};

/** Paths; builds what is not there yet, which takes minutes. */
export async function programs(): Promise<Programs> {
  needsGo();
  const etcd = await goModule(`etcd-${ETCD}`, etcdSource, ["."]);
  const kwok = await goTool("kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok");
  const stages = join(goFiles("sigs.k8s.io/kwok", KWOK).Dir, "kustomize/stage");
  const packages = COMPONENTS.map((name) => `${MODULE}/cmd/${name}`);
  const folder = await goModule(`kubernetes-${KUBERNETES}`, kubernetesSource, packages, ["-ldflags", linkerFlags()]);
  const [apiserver, controllers, scheduler, kubectl] = COMPONENTS;
  return {
    [apiserver]: join(folder, apiserver),
    [controllers]: join(folder, controllers),
    [scheduler]: join(folder, scheduler),
    [kubectl]: join(folder, kubectl),
    etcd: join(etcd, "etcd"),
    kwok,
    stages: [
      ...["node/fast/node-initialize.yaml", "pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml"],
      "pod/fast/pod-delete.yaml",
    ].map((file) => join(stages, file)),
  };
}

/** Kubernetes takes its own libraries from folders beside it, which are published as modules of version 0. */
function kubernetesSource(): Record<string, string> {
  const { GoMod } = goFiles(MODULE, `v${KUBERNETES}`);
  const staged = [...readFileSync(GoMod, "utf8").matchAll(/^\s*(k8s\.io\/[\w-]+) => \.\/staging/gm)];
  const replaced = staged.map(([, name]) => `replace ${name} => ${name} v0${KUBERNETES.slice(1)}`);
  const head = ["module cluster", "go 1.26", `require ${MODULE} v${KUBERNETES}`];
  return { "go.mod": `${[...head, ...replaced].join("\n\n")}\n` };
}

/** Without its version, an API server takes itself for v0.0.0 and refuses to start. */
function linkerFlags(): string {
  const [major, minor] = KUBERNETES.split(".");
  const values = Object.entries({ gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor });
  const versions = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((where) =>
    values.map(([name, value]) => `-X ${where}.${name}=${value}`),
  );
  return ["-s -w", ...versions].join(" ");
}

function etcdSource(): Record<string, string> {
  return {
    "go.mod": `module etcd\n\ngo 1.26\n\nrequire go.etcd.io/etcd/server/v3 ${ETCD}\n`,
    "main.go": `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`,
  };
}
