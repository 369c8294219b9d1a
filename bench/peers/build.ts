/** What the peers need before they run, made once and kept in .weir/bench-peers. */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run, weirFolder } from "@weir/testing";

const folder = join(weirFolder, "bench-peers");
const streams = join(folder, "kafka-streams");
const streamsSource = join(import.meta.dirname, "kafka-streams");
const python = join(folder, "python");
const requirements = join(import.meta.dirname, "python/requirements.txt");
const WITHIN_MS = 10 * 60_000;

/** For `java -cp`. */
export const streamsClassPath = `${join(streams, "classes")}:${join(streams, "lib/*")}`;
export const pythonCommand = join(python, "bin/python");

/** Maven does nothing that is done already. */
export async function buildStreams(): Promise<void> {
  const lib = join(streams, "lib");
  const pom = join(streamsSource, "pom.xml");
  const goals = existsSync(lib) ? ["compile"] : ["compile", "dependency:copy-dependencies"];
  await must("mvn", ["-B", "-ntp", "-q", "-f", pom, `-Dbuild.folder=${streams}`, ...goals, `-DoutputDirectory=${lib}`]);
}

export async function buildPython(): Promise<void> {
  const installed = join(python, "requirements.txt");
  const wanted = await readFile(requirements, "utf8");
  if (existsSync(installed) && (await readFile(installed, "utf8")) === wanted) return;
  await rm(python, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await must("python3", ["-m", "venv", python]);
  await must(pythonCommand, ["-m", "pip", "install", "--quiet", "-r", requirements]);
  // Last: a folder with this file is complete.
  await cp(requirements, `${installed}.new`);
  await rename(`${installed}.new`, installed);
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const { code, missing, stdout, stderr } = await run(command, args, { timeoutMs: WITHIN_MS });
  if (missing) throw new Error(`no ${command} on the PATH; install it, or leave its peers out (--only)`);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
}
