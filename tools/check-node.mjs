// node --import ./tools/check-node.mjs FILE.ts: says what is wrong before an older Node trips over the first .ts file.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `Node ${process.versions.node} cannot run Weir, which needs Node 24. npm ci installs it beside the other packages and ` +
      "npm start then uses it; if npm ci was run with --ignore-scripts, run npm rebuild node.",
  );
  process.exit(78);
}
