/** The programs that check deployment files, built from their public modules once and kept in .weir/tools. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathOf } from "./repository.ts";

const FOLDER = pathOf(".weir/tools");
const BIN = join(FOLDER, "bin");

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
    maxBuffer: 1 << 28,
    env: { ...process.env, ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (error) return { ok: false, output: `${command}: ${error.message}` };
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

/** Throws, with how each of them can be had, when one of these programs is not there. */
export function needed(tools: Readonly<Record<string, string>>): void {
  const missing = Object.entries(tools).filter(([tool]) => !run(tool, ["--version"]).ok);
  if (missing.length > 0) throw new Error(missing.map(([tool, how]) => `${tool} is needed: ${how}`).join("\n"));
}

/** Installs a Go program at an exact version, under a name that carries it, so that a new version is a new build. */
export function goTool(name: string, version: string, module: string, tags = ""): string {
  return built(name, version, (file) => {
    const bin = `${file}.d`;
    const args = ["install", ...(tags ? [`-tags=${tags}`] : []), `${module}@${version}`];
    must(lowly("go", args, { env: { GOBIN: bin, CGO_ENABLED: "0" } }));
    renameSync(join(bin, name), file);
  });
}

/** Compose replaces modules of its own, which `go install` refuses: a module around it is built instead. */
export function composeTool(version: string): string {
  return built("docker-compose", version, (file) => {
    const source = join(FOLDER, "src", `compose-${version}`);
    mkdirSync(source, { recursive: true });
    writeFileSync(
      join(source, "go.mod"),
      `module compose\n\ngo 1.26\n\nrequire github.com/docker/compose/v5 ${version}\n`,
    );
    writeFileSync(join(source, "tools.go"), 'package tools\n\nimport _ "github.com/docker/compose/v5/cmd"\n');
    const env = { CGO_ENABLED: "0" };
    must(lowly("go", ["mod", "tidy", "-e"], { cwd: source, env }));
    must(lowly("go", ["build", "-o", file, "github.com/docker/compose/v5/cmd"], { cwd: source, env }));
  });
}

/** A Python program of one package at an exact version, in an environment of its own. */
export function pythonTool(name: string, version: string): string {
  const folder = join(FOLDER, `${name}-${version}`);
  const program = join(folder, "bin", name);
  if (existsSync(program)) return program;
  console.log(`  installing ${name} ${version} (once)`);
  must(run("python3", ["-m", "venv", folder]));
  must(run(join(folder, "bin", "pip"), ["install", "--quiet", `${name}==${version}`]));
  return program;
}

function built(name: string, version: string, build: (file: string) => void): string {
  const file = join(BIN, `${name}-${version}`);
  if (existsSync(file)) return file;
  mkdirSync(BIN, { recursive: true });
  console.log(`  building ${name} ${version} (once; minutes)`);
  build(file);
  return file;
}

function lowly(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env: Record<string, string> },
): Result {
  return run("nice", ["-n", "19", command, ...args], options);
}

export function must({ ok, output }: Result): string {
  if (!ok) throw new Error(output);
  return output;
}
