/** What kustomize makes of an overlay, by whichever of its two programs there is. */
import { parseObjects } from "./manifests.ts";
import { type Document, pathOf } from "./repository.ts";
import { must, run } from "./toolbox.ts";

export const OVERLAYS = ["dev", "prod", "secure"] as const;
export type Overlay = (typeof OVERLAYS)[number];

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

const built = new Map<Overlay, readonly Document[]>();

/** A copy, to be changed at will. Throws what kustomize says. */
export function builtObjects(overlay: Overlay): Document[] {
  if (KUSTOMIZE === null) throw new Error("neither kubectl nor kustomize is there");
  const [program, word] = KUSTOMIZE;
  const objects = built.get(overlay) ?? parseObjects(must(run(program, [word, pathOf(overlayFolder(overlay))])));
  built.set(overlay, objects);
  return structuredClone([...objects]);
}
