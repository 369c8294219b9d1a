/** A file of fixed records: read whole, every fault told by its line. */
import { open } from "node:fs/promises";
import { type Fixed, FixedFault, readFixed } from "@weir/rejected";
import { wordsOf } from "../inputs.ts";

/** Faults that are told; a file of another kind has one in each line. */
const MOST_FAULTS = 20;

/** By origin. Empty when no path is given, or when there is a fault. */
export async function readFixedFile(path: string | null, faults: string[]): Promise<Map<string, Fixed>> {
  const found = new Map<string, Fixed>();
  if (path === null) return found;
  const wrong: string[] = [];
  try {
    await using file = await open(path);
    let number = 0;
    for await (const line of file.readLines()) {
      number++;
      if (line.trim() === "") continue;
      try {
        const fixed = readFixed(line);
        if (found.has(fixed.origin)) wrong.push(`line ${number}: ${fixed.origin} is there twice`);
        found.set(fixed.origin, fixed);
      } catch (error) {
        if (!(error instanceof FixedFault)) throw error;
        wrong.push(`line ${number}: ${error.message}`);
      }
      if (wrong.length >= MOST_FAULTS) break;
    }
  } catch (error) {
    wrong.push(wordsOf(error));
  }
  faults.push(...wrong.map((one) => `--fixed ${path}: ${one}`));
  return found;
}
