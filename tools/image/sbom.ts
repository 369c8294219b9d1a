/**
 * Makes the list of packages in an image: what npm sbom lists of the whole project, on standard input, cut down to what is
 * installed here. npm's own --omit=dev leaves out what development needs too. Neither chance nor the clock has a part in it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Component = { readonly "bom-ref": string; readonly name: string; readonly version: string };

/** CycloneDX, as far as it is looked into. */
export type Bom = {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
};

/** `name@version` of every package of others below a node_modules folder, those inside packages too. */
export function installedPackages(nodeModules: string): Set<string> {
  const found = new Set<string>();
  for (const folder of packageFolders(nodeModules)) {
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8")) as Component;
    found.add(`${name}@${version}`);
    const nested = join(folder, "node_modules");
    if (existsSync(nested)) for (const each of installedPackages(nested)) found.add(each);
  }
  return found;
}

/** Symlinks lead to workspaces, which are no packages of others. */
function packageFolders(nodeModules: string): string[] {
  return readdirSync(nodeModules, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .flatMap(({ name }) => {
      const folder = join(nodeModules, name);
      return name.startsWith("@") ? packageFolders(folder) : [folder];
    });
}

/** `name@version` of every package that the list names. */
export function listedPackages({ components }: Pick<Bom, "components">): Set<string> {
  return new Set(components.map(({ name, version }) => `${name}@${version}`));
}

/** What one of them has and the other has not; a sentence each. */
export function sbomFaults(bom: Pick<Bom, "components">, installed: ReadonlySet<string>): string[] {
  if (installed.size === 0) return ["no package is installed"];
  const listed = listedPackages(bom);
  return [
    ...[...installed].filter((name) => !listed.has(name)).map((name) => `${name} is installed and not listed`),
    ...[...listed].filter((name) => !installed.has(name)).map((name) => `${name} is listed and not installed`),
  ];
}

/** The list of these packages alone. Throws when it lacks one. */
export function sbomOf({ serialNumber, metadata, ...bom }: Bom, installed: ReadonlySet<string>): Bom {
  const { timestamp, ...about } = metadata;
  const components = bom.components.filter(({ name, version }) => installed.has(`${name}@${version}`));
  const refs = new Set(components.map((component) => component["bom-ref"]));
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
  const cut = { ...bom, metadata: about, components, dependencies };
  const faults = sbomFaults(cut, installed);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return cut;
}

if (import.meta.main)
  console.log(JSON.stringify(sbomOf(JSON.parse(readFileSync(0, "utf8")), installedPackages("node_modules"))));
