/** What kustomize makes of an overlay, by whichever of its two programs there is. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { parseObjects } from "./manifests.ts";
import { type Document, pathOf } from "./repository.ts";
import { must, run } from "./toolbox.ts";

export const OVERLAYS = ["dev", "prod", "secure"] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** Components that no overlay has by itself, each a folder of k8s. */
export const OPTIONAL = ["tracing"] as const;
type Optional = (typeof OPTIONAL)[number];

/** An overlay as it is, or joined with a component. */
export type Build = Overlay | `${Overlay}+${Optional}`;
export const BUILDS: readonly Build[] = OVERLAYS.flatMap((overlay) => [
  overlay,
  ...OPTIONAL.map((component) => `${overlay}+${component}` as const),
]);

export function overlayFolder(overlay: Overlay): string {
  return `k8s/overlays/${overlay}`;
}

/** The program and the words before the folder; null where there is none. */
export const KUSTOMIZE: readonly [string, string] | null =
  (
    [
      ["kubectl", "kustomize"],
      ["kustomize", "build"],
    ] as const
  ).find(([program, word]) => run(program, [word, "--help"]).ok) ?? null;

const built = new Map<Build, readonly Document[]>();

/** A copy, to be changed at will. Throws what kustomize says. */
export function builtObjects(build: Build, kustomize = KUSTOMIZE): Document[] {
  const objects = built.get(build) ?? parseObjects(textOf(build, kustomize));
  built.set(build, objects);
  return structuredClone([...objects]);
}

function textOf(build: Build, kustomize: typeof KUSTOMIZE): string {
  const [overlay, component] = build.split("+") as [Overlay, Optional?];
  const folder = overlayFolder(overlay);
  if (component === undefined) return kustomized(pathOf(folder), kustomize);
  const copy = mkdtempSync(join(tmpdir(), "weir-k8s-"));
  try {
    cpSync(pathOf("k8s"), join(copy, "k8s"), { recursive: true });
    joinComponent(join(copy, folder, "kustomization.yaml"), component);
    return kustomized(join(copy, folder), kustomize);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** As k8s/README.md tells to do it by hand. */
function joinComponent(file: string, component: Optional): void {
  const kustomization = parse(readFileSync(file, "utf8"));
  const components = [...(kustomization.components ?? []), `../../${component}`];
  writeFileSync(file, stringify({ ...kustomization, components }));
}

function kustomized(folder: string, kustomize: typeof KUSTOMIZE): string {
  if (kustomize === null) throw new Error("neither kubectl nor kustomize is there");
  const [program, word] = kustomize;
  return must(run(program, [word, folder]));
}
