// node --import ./tools/check-node.mjs FILE.ts: what must be there before the first .ts file can be read, said clearly.
import { existsSync } from "node:fs";

const NEEDED = 24;
const tooOld = Number(process.versions.node.split(".")[0]) < NEEDED;
const installed = existsSync(new URL("../node_modules/.package-lock.json", import.meta.url));
if (tooOld || !installed) {
  const mend = installed
    ? "npm ci was run with --ignore-scripts: npm rebuild node installs it beside the other packages, and npm then uses it."
    : "Run npm ci: it installs what Weir needs, a Node of its own included.";
  const why = tooOld
    ? `Node ${process.versions.node} cannot run Weir, which needs Node ${NEEDED}.`
    : "Weir's packages are not installed.";
  console.error(`${why} ${mend}`);
  // Whoever runs npm test reads its last line.
  if (process.env.npm_lifecycle_event === "test") console.log("0 passed, 1 failed");
  process.exit(78);
}
