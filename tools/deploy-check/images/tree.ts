/** What is in a folder, file by file, and how two of them differ. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export type Entry = {
  readonly mode: number;
  readonly uid: number;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Of a file the hash, of a link where it leads. */
  readonly content: string;
};

/** Path below `root` -> entry; every kind of entry. */
export function treeOf(root: string, below = ""): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = join(below, name);
    const full = join(root, path);
    const stat = lstatSync(full);
    const { mode, uid, mtimeMs } = stat;
    const content = stat.isSymbolicLink() ? readlinkSync(full) : stat.isFile() ? hashOf(full) : "";
    entries.set(path, { mode, uid, bytes: stat.isFile() ? stat.size : 0, mtimeMs, content });
    if (stat.isDirectory()) for (const [inner, entry] of treeOf(root, path)) entries.set(inner, entry);
  }
  return entries;
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** A line for each path that differs, and in what. */
export function differences(one: ReadonlyMap<string, Entry>, other: ReadonlyMap<string, Entry>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].sort().flatMap((path) => {
    const [a, b] = [one.get(path), other.get(path)];
    if (a === undefined || b === undefined) return [`${path} is in one of them alone`];
    const parts = (["content", "mode", "uid", "mtimeMs"] as const).filter((part) => a[part] !== b[part]);
    return parts.length > 0 ? [`${path}: ${parts.join(", ")}`] : [];
  });
}

/** Sum of the sizes of all files below a folder of the tree, as they are read. */
export function bytesBelow(tree: ReadonlyMap<string, Entry>, folder: string): number {
  return [...tree].reduce((sum, [path, { bytes }]) => (path.startsWith(`${folder}/`) ? sum + bytes : sum), 0);
}
