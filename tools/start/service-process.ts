/** A service as a process of its own: its log in a file, its address from there. It ends with whoever started it. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Launched, launch, signal, until } from "@weir/testing";

export type ServiceProcess = {
  readonly name: string;
  readonly logFile: string;
  /** Base address of its HTTP server. Throws if it ends, or says none in time. */
  url(): Promise<string>;
  /** SIGTERM, and by force when it is not gone after `deadlineMs`. Resolves with how it ended. */
  stop(deadlineMs: number): Promise<string>;
  kill(): void;
  readonly exit: Promise<string>;
};

const URL_WITHIN_MS = 60_000;

export async function startService(
  name: string,
  script: string,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Promise<ServiceProcess> {
  const logFile = join(folder, `${name}.log`);
  await rm(logFile, { force: true });
  const launched: Launched = await launch(`weir-${name}`, process.execPath, [script], logFile, environment);
  return {
    name,
    logFile,
    exit: launched.exit,
    kill: () => void signal(launched.pid, "SIGKILL"),
    url: async () => {
      let url: string | null = null;
      const answered = await until(async () => {
        url = urlIn(await readFile(logFile, "utf8").catch(() => ""));
        return url !== null || launched.ended() !== null;
      }, URL_WITHIN_MS);
      if (url !== null) return url;
      throw new Error(answered ? `${name} ended while it started` : `${name} did not open its HTTP server in time`);
    },
    stop: async (deadlineMs) => {
      signal(launched.pid, "SIGTERM");
      const force = setTimeout(() => signal(launched.pid, "SIGKILL"), deadlineMs);
      const how = await launched.exit;
      clearTimeout(force);
      return how;
    },
  };
}

/** The field `url` of the first log line that has one. */
export function urlIn(log: string): string | null {
  for (const line of log.split("\n")) {
    const url = entryOf(line)?.url;
    if (typeof url === "string") return url;
  }
  return null;
}

/** The last lines of a service's log for people: level and message of JSON lines, anything else as it is. */
export async function lastLines(logFile: string, count: number): Promise<string[]> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-count).map(readable);
}

export function readable(line: string): string {
  const entry = entryOf(line);
  return typeof entry?.msg === "string" ? `${String(entry.level)}: ${entry.msg}` : line;
}

function entryOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
