/**
 * npm test: the formatter and linter, the type checker, every test. All of them run, whatever fails before.
 * The last line is `N passed, N failed`: the tests as vitest counts them, and one for each other check.
 * Arguments narrow the tests down: `npm test -- packages/stream`. `--torture` adds two minutes of npm run torture.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Count, countCheck, countVitest, total, type VitestReport } from "./test/count.ts";

const root = join(import.meta.dirname, "..");
const report = join(root, ".weir", "test-report.json");

await mkdir(join(root, ".weir"), { recursive: true });
await rm(report, { force: true });

/** Far more than any of the checks takes: one that hangs is a failure, not an endless wait. */
const CHECK_WITHIN_MS = 30 * 60_000;
const TORTURE = "--torture";
const wanted = process.argv.slice(2).filter((argument) => argument !== TORTURE);

const counts: Count[] = [];
counts.push(countCheck(await run("format and lint", "biome", ["check", "."])));
counts.push(countCheck(await run("types", "tsc", ["-p", "tsconfig.json"])));
const code = await run("tests", "vitest", [
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...wanted,
]);
counts.push(countVitest(await readReport(), code));
if (process.argv.includes(TORTURE)) {
  const torture = ["tools/torture/main.ts", "--seed", "1", "--for", "120s", "--rate", "300"];
  counts.push(countCheck(await run("torture", "node", torture)));
}

const { passed, failed, notRun } = total(counts);
if (notRun > 0) console.log(`${notRun} not run`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(title: string, command: string, args: readonly string[]): Promise<number | null> {
  console.log(`\n== ${title}: ${command} ${args.filter((arg) => !arg.startsWith("--")).join(" ")}`);
  return new Promise((resolve) => {
    const child = spawn(join(root, "node_modules", ".bin", command), [...args], { cwd: root, stdio: "inherit" });
    const tooLate = setTimeout(() => {
      console.error(`${title}: not done after ${CHECK_WITHIN_MS / 60_000} minutes; ended`);
      child.kill();
    }, CHECK_WITHIN_MS);
    child.once("error", (error) => {
      clearTimeout(tooLate);
      console.error(`${command} could not be started (${error.message}); run npm ci`);
      resolve(null);
    });
    child.once("exit", (exitCode) => {
      clearTimeout(tooLate);
      if (exitCode === 0) console.log(`${title}: ok`);
      resolve(exitCode);
    });
  });
}

async function readReport(): Promise<VitestReport | null> {
  try {
    return JSON.parse(await readFile(report, "utf8")) as VitestReport;
  } catch {
    return null;
  }
}
