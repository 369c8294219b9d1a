/** Where the deployment files are, and how they are read. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const ROOT = join(import.meta.dirname, "../..");

/** A document of YAML or JSON whose shape the policies look into step by step. */
// biome-ignore lint/suspicious/noExplicitAny: every policy tests what it finds; a schema for each tool's format would be a copy of theirs.
export type Document = any;

export const SERVICES = ["generator", "detector", "quality"] as const;

export function pathOf(path: string): string {
  return join(ROOT, path);
}

export function readText(path: string): string {
  return readFileSync(pathOf(path), "utf8");
}

/** `<<` is merged, as Compose does. */
export function readYaml(path: string): Document {
  return parse(readText(path), { merge: true });
}

/** Files below a folder of the repository, relative to its top, those of node_modules left out. */
export function filesBelow(folder: string, suffix: string): string[] {
  if (!existsSync(pathOf(folder))) return [];
  return readdirSync(pathOf(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !path.includes("node_modules/"))
    .sort();
}

function sourcesOf(folders: readonly string[]): string {
  return folders
    .flatMap((folder) => filesBelow(folder, ".ts"))
    .filter((path) => !path.endsWith(".test.ts"))
    .map(readText)
    .join("\n");
}

/** Names of the environment variables that a service reads, from the tables in its sources. */
export function settingNames(service: string): Set<string> {
  const text = sourcesOf([`services/${service}`, "packages/service/src"]);
  const names = [...text.matchAll(/\bname: "([A-Z][A-Z0-9_]+)"|\btopic\("([A-Z][A-Z0-9_]+)"/g)];
  return new Set(names.map((match) => match[1] ?? match[2] ?? ""));
}
