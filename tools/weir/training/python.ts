/** The Python that trains: an environment of its own under .weir, made of the pinned requirements when it is first needed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const folder = join(root, ".weir", "python");
const requirements = join(import.meta.dirname, "requirements.txt");
const OLDEST = "3.10";
/** Of what a program that failed has said: where Python and pip say why. */
const LAST_SAID = 2_000;

/** What must be changed before a model can be trained here: one sentence. */
export class PythonMissing extends Error {
  override readonly name = "PythonMissing";
}

/** Path of the interpreter. Installs once; `say` tells what takes its time. Throws PythonMissing. */
export async function pythonOf(say: (line: string) => void): Promise<string> {
  const python = join(folder, "bin", "python");
  const stamp = join(folder, "requirements.sha256");
  const wanted = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return python;
  say("installing XGBoost for Python into .weir/python, once");
  await rm(folder, { recursive: true, force: true });
  try {
    await run("python3", ["-c", `import sys; sys.exit(sys.version_info < (${OLDEST.replace(".", ", ")}))`], "");
  } catch {
    throw new PythonMissing(`training needs Python ${OLDEST} or newer, with venv, as python3`);
  }
  try {
    await run("python3", ["-m", "venv", folder], "");
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"];
    await run(python, [...pip, "--only-binary", ":all:", "-r", requirements], "");
  } catch (error) {
    throw new PythonMissing(`XGBoost for Python could not be installed: ${String(error)}`);
  }
  await writeFile(stamp, wanted);
  return python;
}

/** Standard output. Throws with the last of what it said on standard error. */
export function run(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text) => (out += text));
    child.stderr.on("data", (text) => (err = (err + text).slice(-LAST_SAID)));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${program} ended with ${code}: ${err.trim()}`));
    });
    // One that ends before it has read says why by its code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
