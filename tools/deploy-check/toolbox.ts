/** The programs that check deployment files, built from their public modules once and kept in .weir/tools. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { launch } from "@weir/testing";
import { pathOf, ROOT } from "./repository.ts";

const FOLDER = pathOf(".weir/tools");
const MOST_BYTES = 1 << 28;
const TOLD_EVERY_MS = 30_000;

export type Result = { readonly ok: boolean; readonly output: string };

/** Runs to the end. `output` is both streams, or why it could not be started. */
export function run(
  command: string,
  args: readonly string[],
  options: { input?: string; cwd?: string; env?: Record<string, string> } = {},
): Result {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: options.cwd ?? pathOf("."),
    encoding: "utf8",
    maxBuffer: MOST_BYTES,
    env: { ...process.env, ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (error) return { ok: false, output: `${command}: ${error.message}` };
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

/** As run(), and whatever else goes on here goes on. */
export function execute(
  command: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Result> {
  const { input, env, signal } = options;
  return new Promise((resolve) => {
    const settings = { maxBuffer: MOST_BYTES, env: { ...process.env, ...env }, ...(signal && { signal }) };
    const child = execFile(command, [...args], settings, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`.trim();
      resolve({ ok: error === null, output: error && said === "" ? error.message : said });
    });
    // It may end before it has read all.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Throws, with how each of them can be had, when one of these programs is not there. `probe`: words that it answers. */
export function needed(tools: Readonly<Record<string, string>>, probe = "--version"): void {
  const missing = Object.entries(tools).filter(([tool]) => !run(tool, probe.split(" ")).ok);
  if (missing.length > 0) throw new Error(missing.map(([tool, how]) => `${tool} is needed: ${how}`).join("\n"));
}

export function needsGo(): void {
  needed({ go: "https://go.dev/dl, or brew install go" }, "version");
}

/** A Go program at an exact version, installed in a folder whose name carries it, so that a new version is a new build. */
export async function goTool(name: string, version: string, module: string, tags = ""): Promise<string> {
  const folder = await kept(`${name}-${version}`, (path) => {
    const args = ["install", "-v", ...(tags ? [`-tags=${tags}`] : []), `${module}@${version}`];
    return labour(`${name}-${version}`, "go", args, { GOBIN: path, CGO_ENABLED: "0" });
  });
  return join(folder, name);
}

/**
 * Programs that `go install` refuses, since their modules replace others: built from a module of ours. `source`: its files,
 * asked for once. Returns the folder with the programs, each named as its package.
 */
export function goModule(
  name: string,
  source: () => Readonly<Record<string, string>>,
  packages: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  return kept(name, (folder) => {
    const files = join(folder, "source");
    mkdirSync(files, { recursive: true });
    for (const [file, text] of Object.entries(source())) writeFileSync(join(files, file), text);
    const args = ["-C", files, "build", "-v", "-mod=mod", ...flags, "-o", `${folder}/`, ...packages];
    return labour(name, "go", args, { CGO_ENABLED: "0" });
  });
}

/** What Go has fetched and verified of a module: the folder with its files, and its go.mod. */
export function goFiles(module: string, version: string): { readonly Dir: string; readonly GoMod: string } {
  const { ok, output } = run("go", ["mod", "download", "-json", `${module}@${version}`]);
  if (!ok) throw new Error(`go mod download ${module}@${version}: ${output}`);
  return JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1));
}

/** A file or folder below .weir/tools, made once; what was made by half is made anew. */
export async function kept(name: string, make: (path: string) => Promise<void> | void): Promise<string> {
  const path = join(FOLDER, name);
  const done = join(FOLDER, "done", name);
  if (existsSync(done)) return path;
  const startedMs = performance.now();
  console.log(`  making ${name}, once`);
  rmSync(path, { recursive: true, force: true });
  for (const folder of [path, join(FOLDER, "done")]) mkdirSync(folder, { recursive: true });
  await make(path);
  writeFileSync(done, "");
  console.log(`  made ${name} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  return path;
}

/**
 * Runs what may take minutes, at low priority, tells now and then how far it is, and throws what it said when it fails.
 * It ends with this process.
 */
export async function labour(
  name: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const log = join(FOLDER, `${name}.log`);
  rmSync(log, { force: true });
  const startedMs = performance.now();
  const env = { ...process.env, ...environment };
  const { exit } = await launch(`weir-${name}`, "nice", ["-n", "19", command, ...args], log, env);
  const telling = setInterval(() => {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n");
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    console.log(`    ${seconds} s, at ${lines.at(-1)?.slice(0, 80)} (${lines.length} lines in ${relative(ROOT, log)})`);
  }, TOLD_EVERY_MS);
  const how = await exit;
  clearInterval(telling);
  if (how !== "code 0") {
    const said = readFileSync(log, "utf8").trimEnd().split("\n").slice(-20);
    throw new Error([`${command} ${args.join(" ")}: ${how}`, ...said, `(${log})`].join("\n"));
  }
}

export function must({ ok, output }: Result): string {
  if (!ok) throw new Error(output);
  return output;
}
