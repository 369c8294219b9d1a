/** A service that was started: its log in a file, its address from there, its metrics from its address. */
import { readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { launch, repositoryRoot, signal, until } from "@weir/testing";
import { type PromSample, parsePrometheus, sumOf } from "./prometheus.ts";

/** What runs it: a process, or this one. */
export type Life = {
  /** Resolves with how it ended: "code 0", "signal 9". */
  readonly exit: Promise<string>;
  readonly signal: (name: NodeJS.Signals) => void;
};

/** Any free port for each server of a service. */
const FREE_PORTS = { PORT: "0", ADMIN_PORT: "0" };

const URL_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 2_000;

export class Service {
  readonly name: string;
  readonly logFile: string;
  readonly exit: Promise<string>;
  readonly #life: Life;
  readonly #urls = new Map<UrlField, string>();
  #ended = false;

  /** `logFile` begins with this run. */
  constructor(name: string, logFile: string, life: Life) {
    this.name = name;
    this.logFile = logFile;
    this.#life = life;
    this.exit = life.exit.then((how) => {
      this.#ended = true;
      return how;
    });
  }

  get running(): boolean {
    return !this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#ended) this.#life.signal(name);
  }

  /** SIGTERM, and by force when it is not gone after `deadlineMs`. Resolves with how it ended. */
  async stop(deadlineMs: number): Promise<string> {
    this.signal("SIGTERM");
    const force = setTimeout(() => this.signal("SIGKILL"), deadlineMs);
    const how = await this.exit;
    clearTimeout(force);
    return how;
  }

  /** Base address of its HTTP server. Throws if it ends, or says none in time. */
  url(): Promise<string> {
    return this.#said("url");
  }

  /** Of its admin server, if it was given a token. Throws as url() does. */
  adminUrl(): Promise<string> {
    return this.#said("adminUrl");
  }

  async #said(field: UrlField): Promise<string> {
    const known = async (): Promise<boolean> => {
      if (this.#urls.has(field)) return true;
      const url = urlIn(await readFile(this.logFile, "utf8").catch(() => ""), field);
      if (url !== null) this.#urls.set(field, url);
      return url !== null || this.#ended;
    };
    const answered = await until(known, URL_WITHIN_MS);
    const url = this.#urls.get(field);
    if (url !== undefined) return url;
    throw new Error(
      answered ? `${this.name} ended while it started` : `${this.name} did not open its HTTP server in time`,
    );
  }

  /** Throws when it has not answered /readyz with 200 within `deadlineMs`. */
  async untilReady(deadlineMs: number): Promise<void> {
    const ready = async (): Promise<boolean> => {
      if (this.#ended) throw new Error(`${this.name} ended while it was starting`);
      return (await this.#get("/readyz")) !== null;
    };
    if (!(await until(ready, deadlineMs, 100))) throw new Error(`${this.name} is not ready after ${deadlineMs} ms`);
  }

  /** All that it exports once it decides all its partitions; null while it does not answer or is not ready. */
  async samplesIfReady(): Promise<PromSample[] | null> {
    return (await this.#get("/readyz")) === null ? null : this.samples();
  }

  /** All that it exports; null while it does not answer. */
  async samples(): Promise<PromSample[] | null> {
    const text = await this.#get("/metrics");
    return text === null ? null : parsePrometheus(text);
  }

  /** The sum of a metric over its labels; 0 while it does not answer. */
  async metric(name: string): Promise<number> {
    return sumOf((await this.samples()) ?? [], name);
  }

  /** The text of an answer with 200; null for any other, and for none in time. */
  async #get(path: string): Promise<string | null> {
    if (this.#ended) return null;
    try {
      const answer = await fetch(`${await this.url()}${path}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return answer.ok ? await answer.text() : null;
    } catch {
      return null;
    }
  }
}

/**
 * A process of its own that ends with this one, however this one ends. `script` is relative to the repository, or absolute;
 * `environment` is all that it is given beside free ports.
 */
export async function startProcess(
  name: string,
  script: string,
  environment: NodeJS.ProcessEnv,
  logFile: string,
): Promise<Service> {
  await rm(logFile, { force: true });
  const main = resolve(repositoryRoot, script);
  const launched = await launch(`weir-${name}`, process.execPath, [main], logFile, { ...environment, ...FREE_PORTS });
  return new Service(name, logFile, {
    exit: launched.exit,
    signal: (what) => void signal(launched.pid, what),
  });
}

type UrlField = "url" | "adminUrl";

/** That field of the first log line that has it. */
export function urlIn(log: string, field: UrlField = "url"): string | null {
  for (const line of log.split("\n")) {
    const url = entryOf(line)?.[field];
    if (typeof url === "string") return url;
  }
  return null;
}

/** The last lines of a service's log for people: level and message of JSON lines, anything else as it is. */
export async function lastLines(logFile: string, count: number): Promise<string[]> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-count).map(readable);
}

function readable(line: string): string {
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
