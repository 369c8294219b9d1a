/** Files beside a ruleset, such as that of its model. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReadBeside } from "@weir/engine";

/** `path`: of the ruleset. */
export function besideOf(path: string): ReadBeside {
  return (name) => readFileSync(join(dirname(path), name), "utf8");
}
