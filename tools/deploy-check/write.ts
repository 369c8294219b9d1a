/**
 * Writes the files under k8s/ that are made from others; a test holds them to it.
 *   node tools/deploy-check/write.ts
 */
import { writeFileSync } from "node:fs";
import { madeFiles } from "./made.ts";
import { pathOf } from "./repository.ts";

for (const [path, text] of madeFiles()) {
  writeFileSync(pathOf(path), text);
  console.log(path);
}
