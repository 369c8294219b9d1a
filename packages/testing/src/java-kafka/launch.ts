import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { join } from "node:path";

/** A process under its supervisor. */
export type Launched = {
  readonly supervisorPid: number;
  readonly pid: number;
  /** How it ended: "code 1", "signal SIGKILL". Null while it runs. */
  ended(): string | null;
  readonly exit: Promise<string>;
};

const SUPERVISOR = join(import.meta.dirname, "supervise.sh");

/**
 * Starts a command that ends when this process does, however that ends. It is its own process group, so a Ctrl-C at the
 * terminal does not reach it: whoever started it decides when it stops. Its output is added to `logFile`.
 */
export async function launch(
  label: string,
  command: string,
  args: readonly string[],
  logFile: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Launched> {
  const output = await open(logFile, "a");
  try {
    const child = spawn("/bin/sh", [SUPERVISOR, label, command, ...args], {
      stdio: ["pipe", output.fd, output.fd, "pipe"],
      detached: true,
      env: environment,
    });
    let ended: string | null = null;
    const exit = new Promise<string>((resolve) => {
      child.once("exit", (code, signalName) => {
        // A watcher that outlived its supervisor would hold this process open, and this process the watcher.
        child.stdin?.destroy();
        ended = signalName !== null ? `signal ${signalName}` : describeCode(code ?? 0);
        resolve(ended);
      });
      child.once("error", (error) => {
        ended = error.message;
        resolve(ended);
      });
    });
    const report = child.stdio[3] as NodeJS.ReadableStream;
    const pid = await new Promise<number>((resolve, reject) => {
      let text = "";
      report.on("data", (chunk) => {
        text += String(chunk);
      });
      report.on("end", () => {
        const pid = Number.parseInt(text, 10);
        if (pid > 0) resolve(pid);
        else reject(new Error(`${command} could not be started under ${SUPERVISOR}`));
      });
      child.once("error", reject);
    });
    return { supervisorPid: child.pid ?? -1, pid, ended: () => ended, exit };
  } finally {
    await output.close();
  }
}

/** A shell reports a child that a signal ended as 128 + the signal's number. */
function describeCode(code: number): string {
  return code > 128 ? `signal ${code - 128}` : `code ${code}`;
}
