/** npm start as a user runs it: a process, what it says, how it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { ownTopics, weirFolder } from "@weir/testing";
import { onTestFinished } from "vitest";

export type Run = {
  readonly child: ChildProcess;
  /** Names what belongs to this run alone, its topics too. */
  readonly app: string;
  readonly output: () => string;
  readonly said: (text: string) => Promise<void>;
  readonly exit: Promise<number | null>;
  /** The process id that a service has told its log. */
  readonly pidOf: (service: string) => Promise<number>;
};

type WhenDone = (cleanUp: () => Promise<void>) => void;

/** A run with topics of its own, ended with the test, or when whoever gave another `whenDone` says so. */
export function start(
  environment: NodeJS.ProcessEnv,
  args: readonly string[],
  whenDone: WhenDone = onTestFinished,
): Run {
  const app = `start-${randomUUID().slice(0, 8)}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], {
    env: {
      ...process.env,
      APP_ID: app,
      ...ownTopics(app),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const logs = join(weirFolder, "run", app);
  whenDone(async () => {
    child.kill("SIGKILL");
    await rm(logs, { recursive: true, force: true });
  });
  let output = "";
  const waiting = new Set<() => void>();
  const more = (chunk: unknown): void => {
    output += String(chunk);
    for (const check of waiting) check();
  };
  child.stdout?.on("data", more);
  child.stderr?.on("data", more);
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!output.includes(text)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void exit.then(() => reject(new Error(`ended without saying ${JSON.stringify(text)}:\n${output}`)));
    });
  const pidOf = async (service: string): Promise<number> =>
    Number(/"pid":(\d+)/.exec(await readFile(join(logs, `${service}.log`), "utf8"))?.[1]);
  return { child, app, output: () => output, said, exit, pidOf };
}

/** The addresses of metrics that a run has told. */
export function urlsIn(output: string): string[] {
  return [...output.matchAll(/http:\/\/\S+\/metrics/g)].map(([url]) => url);
}
