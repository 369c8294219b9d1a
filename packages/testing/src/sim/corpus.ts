/** Runs that once went wrong: `sim/corpus/*.json`, which are tried before any other. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../paths.ts";
import type { SimulationOptions } from "./simulation.ts";

export const corpusFolder = join(repositoryRoot, "sim", "corpus");

export type CorpusEntry = {
  readonly seed: number;
  readonly steps: number;
  readonly only: readonly number[] | null;
  /** What went wrong then. */
  readonly found: string;
};

/** By file name. */
export async function readCorpus(): Promise<ReadonlyMap<string, CorpusEntry>> {
  const files = (await readdir(corpusFolder)).filter((name) => name.endsWith(".json")).sort();
  const entries = files.map(async (name) => {
    const entry = JSON.parse(await readFile(join(corpusFolder, name), "utf8")) as CorpusEntry;
    return [name, entry] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Returns the file's path. */
export async function addToCorpus({ seed, steps, only }: SimulationOptions, found: string): Promise<string> {
  const file = join(corpusFolder, `seed-${seed}.json`);
  const entry: CorpusEntry = { seed, steps, only: only === null ? null : [...only], found };
  await mkdir(corpusFolder, { recursive: true });
  await writeFile(file, `${JSON.stringify(entry)}\n`);
  return file;
}

export function optionsOf({ seed, steps, only }: CorpusEntry): SimulationOptions {
  return { seed, steps, only: only === null ? null : new Set(only) };
}
