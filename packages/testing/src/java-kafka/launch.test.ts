import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { alive, signal, until } from "../processes.ts";
import { launch } from "./launch.ts";
import { sweep, writeOwner } from "./owner-file.ts";

let folder = "";
const started: number[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-launch-"));
});

afterEach(async () => {
  for (const pid of started.splice(0)) signal(pid, "SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** A process that stands for the broker: it names the folder in its command line, as the broker does. */
const idle = ["-c", "while :; do sleep 0.1; done", "broker-stand-in"];

test("a launched process ends when the process that launched it is killed with -9", async () => {
  const script = `
    import { launch } from ${JSON.stringify(join(import.meta.dirname, "launch.ts"))};
    const { pid } = await launch("label", "/bin/sh", ${JSON.stringify(idle)}, ${JSON.stringify(join(folder, "log"))});
    process.stdout.write(String(pid) + "\\n");
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (text) => resolve(Number(text))));
  started.push(pid);
  expect(alive(pid)).toBe(true);
  parent.kill("SIGKILL");
  expect(await until(() => !alive(pid), 5_000)).toBe(true);
});

test("how a launched process ended is told, and its output is in the log file", async () => {
  const log = join(folder, "log");
  const failing = await launch("label", "/bin/sh", ["-c", "echo told; exit 3"], log);
  expect(await failing.exit).toBe("code 3");
  expect(await readFile(log, "utf8")).toBe("told\n");
  const killed = await launch("label", "/bin/sh", idle, log);
  signal(killed.pid, "SIGKILL");
  expect(await killed.exit).toBe("signal 9");
});

test("a command that does not exist ends with what the shell says of it", async () => {
  const log = join(folder, "log");
  expect(await (await launch("label", join(folder, "nothing"), [], log)).exit).toBe("code 127");
  expect(await readFile(log, "utf8")).toContain("not found");
});

test("a broker left behind by a dead owner is ended", async () => {
  const orphan = await launch(folder, "/bin/sh", [...idle, folder], join(folder, "log"));
  started.push(orphan.pid);
  await writeOwner(folder, { ownerPid: await deadPid(), supervisorPid: 1, brokerPid: orphan.pid, port: 1 });
  const said: string[] = [];
  await sweep(folder, (line) => said.push(line));
  expect(alive(orphan.pid)).toBe(false);
  expect(said).toEqual([`ending a broker (process ${orphan.pid}) that was left behind on ${folder}`]);
});

test("a broker of a living owner is not touched, and its address is told", async () => {
  const { pid: brokerPid, supervisorPid } = await launch(folder, "/bin/sh", [...idle, folder], join(folder, "log"));
  started.push(brokerPid);
  await writeOwner(folder, { ownerPid: process.pid, supervisorPid, brokerPid, port: 4711 });
  await expect(sweep(folder, () => {})).rejects.toThrow("KAFKA_BROKER_URL=127.0.0.1:4711");
  expect(alive(brokerPid)).toBe(true);
});

test("another process that was given a kept id is not touched", async () => {
  const stranger = await launch("label", "/bin/sh", idle, join(folder, "log"));
  started.push(stranger.pid);
  await writeOwner(folder, { ownerPid: await deadPid(), supervisorPid: 1, brokerPid: stranger.pid, port: 1 });
  await sweep(folder, () => {});
  expect(alive(stranger.pid)).toBe(true);
});

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn("/bin/sh", ["-c", "exit 0"]);
  const pid = child.pid ?? -1;
  await new Promise((resolve) => child.once("exit", resolve));
  return pid;
}
