/** One service as a process of its own: started, asked, sent signals. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { repositoryRoot, until } from "@weir/testing";

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export class Service {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly ended: Promise<Ended>;
  #url: string | null = null;
  #running = true;

  /** `script` is relative to the repository; all output goes to `logFile`. */
  constructor(name: string, script: string, environment: Readonly<Record<string, string>>, logFile: string) {
    this.name = name;
    this.#log = createWriteStream(logFile, { flags: "a" });
    this.#child = spawn(process.execPath, [join(repositoryRoot, script)], {
      cwd: repositoryRoot,
      env: { ...process.env, ...environment, PORT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#log.write(chunk);
        if (this.#url !== null) return;
        text += chunk.toString();
        this.#url = /"url":"([^"]+)"/.exec(text)?.[1] ?? null;
      });
    this.ended = once(this.#child, "exit").then(([code, signal]) => {
      this.#running = false;
      this.#log.end();
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
  }

  get running(): boolean {
    return this.#running;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The partitions it decides now; 0 while it does not answer or is not ready. */
  async readyPartitions(): Promise<number> {
    if (this.#url === null || !this.#running) return 0;
    const ready = await fetch(`${this.#url}/readyz`, { signal: AbortSignal.timeout(1000) }).catch(() => null);
    return ready?.ok ? await this.metric("weir_assigned_partitions") : 0;
  }

  /** The value of a metric without labels; 0 while it does not answer. */
  async metric(name: string): Promise<number> {
    try {
      const answer = await fetch(`${this.#url}/metrics`, { signal: AbortSignal.timeout(1000) });
      const line = (await answer.text()).split("\n").find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1) ?? 0);
    } catch {
      return 0;
    }
  }

  /** Throws when it has not answered /readyz with 200 within `deadlineMs`. */
  async untilReady(deadlineMs: number): Promise<void> {
    const ready = async (): Promise<boolean> => {
      if (!this.#running) throw new Error(`${this.name} ended while it was starting`);
      if (this.#url === null) return false;
      return (await fetch(`${this.#url}/readyz`).catch(() => null))?.ok ?? false;
    };
    if (!(await until(ready, deadlineMs, 100))) throw new Error(`${this.name} is not ready after ${deadlineMs} ms`);
  }
}
