import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const FIXTURE = fileURLToPath(new URL("./run.fixture.ts", import.meta.url));

type Line = {
  readonly level: string;
  readonly msg: string;
  readonly url?: string;
  readonly faults?: readonly string[];
};

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A child process and what it has written so far. */
function launch(env: Record<string, string>, args: readonly string[] = []) {
  const child = spawn(process.execPath, [FIXTURE, ...args], {
    env: { PATH: process.env.PATH ?? "", KAFKA_BROKER_URL: "localhost:9092", PORT: "0", ...env },
  });
  started.push(child);
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const exit = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const lines = () =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const line = (part: string) =>
    new Promise<Line>((resolve) => {
      const check = () => {
        const found = lines().find(({ msg }) => msg.includes(part));
        if (found !== undefined) {
          waiting.delete(check);
          resolve(found);
        }
      };
      waiting.add(check);
      check();
    });
  return { child, exit, line, lines };
}

describe("a service that is configured wrongly", () => {
  test("prints every fault in one go on standard error and exits 78", async () => {
    const { exit } = launch({ KAFKA_BROKER_URL: "", PORT: "abc", ENDING: "never", KAFKA_SASL_PASSWORD: "hunter2" });
    const { code, stdout, stderr } = await exit;
    expect(code).toBe(78);
    expect(stdout).toBe("");
    expect(stderr).toContain("4 faults");
    expect(stderr).toContain("KAFKA_BROKER_URL is missing: set it to host:port[,host:port]");
    expect(stderr).toContain('PORT must be 0..65535, got "abc"');
    expect(stderr).toContain("ENDING must be idle or done");
    expect(stderr).toContain("KAFKA_SASL_MECHANISM is missing");
    expect(stderr).not.toContain("hunter2");
  });

  test("names an unknown argument and exits 78", async () => {
    const { code, stderr } = await launch({}, ["--rate=5"]).exit;
    expect(code).toBe(78);
    expect(stderr).toContain('unknown argument "--rate=5"');
  });

  test("exits 78 with the reasons when the start finds that the world does not fit", async () => {
    const { exit, lines } = launch({ ENDING: "refused" });
    expect((await exit).code).toBe(78);
    expect(lines().at(-1)).toMatchObject({
      level: "fatal",
      faults: ["topic a is missing", "topic b has 3 partitions, not 4"],
    });
  });

  test("drains and exits 78 when the world stops to fit while it runs", async () => {
    const { exit, lines } = launch({ ENDING: "refused-later" });
    expect((await exit).code).toBe(78);
    expect(lines().map(({ msg }) => msg)).toContain("fixture drains");
    expect(lines().at(-1)).toMatchObject({ level: "fatal", faults: ["topic a was made anew"] });
  });

  test("names PORT and exits 78 when the port is in use", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { exit, lines } = launch({ PORT: String(port) });
    expect((await exit).code).toBe(78);
    expect(lines().at(-1)?.msg).toContain(`PORT ${port} on 127.0.0.1 is in use`);
    taken.close();
  });
});

describe("a service", () => {
  test("prints its settings with --help and exits 0, whatever the environment", async () => {
    const { code, stdout } = await launch({ KAFKA_BROKER_URL: "" }, ["--help"]).exit;
    expect(code).toBe(0);
    expect(stdout).toMatch(/KAFKA_BROKER_URL +required +Kafka's addresses/);
    expect(stdout).toMatch(/SHUTDOWN_DEADLINE_MS +10000 /);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("drains and exits 0 on %s", async (signal) => {
    const { child, exit, line, lines } = launch({});
    await line("running");
    child.kill(signal);
    expect((await exit).code).toBe(0);
    expect(lines().map(({ msg }) => msg)).toContain("fixture drains");
  });

  test("takes the two SIGINT of one Ctrl-C under npm as one", async () => {
    const { child, exit, line } = launch({});
    await line("running");
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect((await exit).code).toBe(0);
  });

  test("exits 1 on a second signal while it drains, and says so", async () => {
    const { child, exit, line, lines } = launch({ ENDING: "stuck-drain" });
    await line("running");
    child.kill("SIGTERM");
    await line("fixture drains");
    const again = setInterval(() => child.kill("SIGTERM"), 50);
    const { code } = await exit;
    clearInterval(again);
    expect(code).toBe(1);
    expect(lines().at(-1)?.msg).toContain("a second signal (SIGTERM)");
  });

  test("exits 1 when the drain passes its deadline, and says so", async () => {
    const { child, exit, line, lines } = launch({ ENDING: "stuck-drain", SHUTDOWN_DEADLINE_MS: "150" });
    await line("running");
    child.kill("SIGTERM");
    expect((await exit).code).toBe(1);
    expect(lines().at(-1)?.msg).toContain("SHUTDOWN_DEADLINE_MS=150");
  });

  test("drains and exits 0 when its work is done", async () => {
    const { exit, lines } = launch({ ENDING: "done" });
    expect((await exit).code).toBe(0);
    expect(lines().map(({ msg }) => msg)).toContain("fixture drains");
  });

  test("drains, names the error and exits 1 when it cannot go on", async () => {
    const { exit, lines } = launch({ ENDING: "fatal" });
    expect((await exit).code).toBe(1);
    const messages = lines().map(({ msg }) => msg);
    expect(messages).toContain("cannot go on: the group is gone");
    expect(messages).toContain("fixture drains");
  });

  test("names the error once, although its drain meets it again", async () => {
    const { exit, lines } = launch({ ENDING: "fatal" });
    await exit;
    expect(lines().filter(({ level }) => level === "fatal")).toHaveLength(1);
  });

  test("exits 1 when the drain fails, and names the error", async () => {
    const { child, exit, line, lines } = launch({ ENDING: "failed-drain" });
    await line("running");
    child.kill("SIGTERM");
    expect((await exit).code).toBe(1);
    expect(lines().map(({ msg }) => msg)).toContain("cannot go on: the last batch was not taken");
  });

  test("logs what nobody caught and exits 1", async () => {
    const { exit, lines } = launch({ ENDING: "uncaught" });
    expect((await exit).code).toBe(1);
    expect(lines().at(-1)).toMatchObject({ level: "fatal", msg: expect.stringContaining("nobody caught this") });
  });

  test("exits 0 when it is stopped before its start is through", async () => {
    const { child, exit, line } = launch({ ENDING: "slow-start" });
    await line("listening");
    child.kill("SIGTERM");
    expect((await exit).code).toBe(0);
  });

  test("answers 503 on /readyz and 200 on /livez while it starts, at the URL that it logs", async () => {
    const { line } = launch({ ENDING: "slow-start" });
    const { url } = await line("listening");
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: "not ready", reasons: [{ item: "service", reason: "starting" }] });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });
});
