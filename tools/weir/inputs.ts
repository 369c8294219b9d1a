/** The files that a subcommand is given: read and compiled, each fault of theirs told with the others. */
import { readFile } from "node:fs/promises";
import { type ColumnMap, compileColumns, type Dataset, DatasetFault, openDataset } from "@weir/dataset";
import { compileRuleset, formatFaults, type Plan, type Tokens, tokensBy } from "@weir/engine";
import { processSource, tokeniseKey } from "@weir/service";
import { besideOf } from "./beside.ts";

/** By the key of the environment; undefined: there is none, or a fault. */
export function tokensHere(faults: string[]): Tokens | undefined {
  const secret = tokeniseKey.read(processSource, faults);
  return secret.ok ? tokensBy(secret.value) : undefined;
}

/**
 * Null when no path is given, or when there is a fault. `model`: whether the ruleset's model, if it names one, has to be
 * there, or is still to be trained.
 */
export async function readRuleset(
  path: string | null,
  faults: string[],
  model: "there" | "untrained" = "there",
  tokens?: Tokens,
): Promise<Plan | null> {
  const source = await readText(path, faults);
  if (path === null || source === null) return null;
  const readBeside = model === "there" ? besideOf(path) : null;
  const result = compileRuleset(source, { file: path, readBeside, tokens });
  if (result.ok) return result.plan;
  faults.push(...formatFaults(result.faults).split("\n"));
  return null;
}

/** Null when no path is given, or when there is a fault. */
export async function readColumns(path: string | null, faults: string[]): Promise<ColumnMap | null> {
  const source = await readText(path, faults);
  if (path === null || source === null) return null;
  const result = compileColumns(source, { file: path });
  if (result.ok) return result.columns;
  faults.push(...formatFaults(result.faults).split("\n"));
  return null;
}

/** Null when no path is given, or when there is a fault. Whoever calls closes it. */
export async function openData(
  path: string | null,
  columns: ColumnMap | null,
  faults: string[],
): Promise<Dataset | null> {
  if (path === null) return null;
  try {
    return await openDataset(path, columns);
  } catch (error) {
    faults.push(...(error instanceof DatasetFault ? error.faults : [`${path} cannot be read: ${wordsOf(error)}`]));
    return null;
  }
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function readText(path: string | null, faults: string[]): Promise<string | null> {
  if (path === null) return null;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    faults.push(`${path} cannot be read: ${wordsOf(error)}`);
    return null;
  }
}
