/** npm run contracts: writes the contracts from the schemas. A test says when that has to be done again. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@weir/testing";
import { CONTRACTS_FOLDER, contracts } from "./contracts.ts";

const paths: string[] = [];
mkdirSync(join(repositoryRoot, CONTRACTS_FOLDER), { recursive: true });
for (const [name, contract] of contracts) {
  const path = join(repositoryRoot, CONTRACTS_FOLDER, name);
  writeFileSync(path, `${JSON.stringify(contract)}\n`);
  paths.push(path);
}
const { status } = spawnSync("biome", ["format", "--write", ...paths], { stdio: "inherit" });
process.exitCode = status ?? 1;
