import { execFile } from "node:child_process";

/** What a finished command left: `code` is null when it could not be started or was killed; `missing` when there is no such command. */
export type CommandResult = {
  readonly code: number | null;
  readonly missing: boolean;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a command to its end and never throws. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly cwd?: string },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const settings = { timeout: options.timeoutMs, maxBuffer: 16 * 1024 * 1024, killSignal: "SIGKILL" as const };
    execFile(
      command,
      [...args],
      options.cwd === undefined ? settings : { ...settings, cwd: options.cwd },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        const missing = error !== null && String(error.code) === "ENOENT";
        resolve({ code, missing, timedOut: error?.killed === true, stdout, stderr });
      },
    );
  });
}

/** Whether a process with this id exists (a zombie counts). */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Signals a process; false when it is already gone. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** The command line of a process, or "" when there is none: process ids are reused, so check before killing by a kept id. */
export async function commandLine(pid: number): Promise<string> {
  const { stdout } = await run("ps", ["-ww", "-o", "command=", "-p", String(pid)], { timeoutMs: 5_000 });
  return stdout.trim();
}

/** Asks `condition` every `everyMs` until it is true; false when `deadlineMs` have passed. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  everyMs = 50,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
