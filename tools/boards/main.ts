/** npm run boards: writes Grafana's boards from the code beside this file. A test says when that has to be done again. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@weir/testing";
import { BOARDS_FOLDER, boards } from "./boards.ts";

const paths = [...boards.keys()].map((name) => join(repositoryRoot, BOARDS_FOLDER, name));
for (const [index, board] of [...boards.values()].entries())
  writeFileSync(paths[index] as string, `${JSON.stringify(board)}\n`);
const { status } = spawnSync("biome", ["format", "--write", ...paths], { stdio: "inherit" });
process.exitCode = status ?? 1;
