/** Inputs that are kept: one for each thing that can become of an input, and those that once went wrong. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type Kept = {
  /** What became of it, or went wrong with it, when it was kept. */
  readonly found: string;
  readonly input: Buffer;
};

const fileOf = (target: string): string => join(import.meta.dirname, "corpus", `${target}.jsonl`);

export async function readCorpus(target: string): Promise<Kept[]> {
  if (!existsSync(fileOf(target))) return [];
  const lines = (await readFile(fileOf(target), "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { found, base64 } = JSON.parse(line) as { found: string; base64: string };
    return { found, input: Buffer.from(base64, "base64") };
  });
}

/** By what was found. Returns the file's path. */
export async function writeCorpus(target: string, kept: readonly Kept[]): Promise<string> {
  const lines = kept
    .toSorted((a, b) => (a.found < b.found ? -1 : 1))
    .map(({ found, input }) => `${JSON.stringify({ found, base64: input.toString("base64") })}\n`);
  await writeFile(fileOf(target), lines.join(""));
  return fileOf(target);
}
