import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Admin, openAdmin } from "@weir/kafka";
import { afterAll, beforeAll, expect, test } from "vitest";
import { brokerAnswers } from "../broker-answers.ts";
import { portIsFree } from "../ports.ts";
import { alive, until } from "../processes.ts";
import { type JavaKafka, startJavaKafka } from "./start.ts";

let folder = "";
let broker: JavaKafka | null = null;
const log = (): void => {};
const portOf = (brokers: string): number => Number(brokers.split(":")[1]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-java-kafka-"));
});

afterAll(async () => {
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = openAdmin({ brokers: [brokers], clientId: "test", tls: null, sasl: null });
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}

test("a broker answers, survives kill -9 by restart() at the same address with its data, and stops for good", async () => {
  broker = await startJavaKafka({ dataDir: folder, log });
  const { brokers, pid } = broker;
  const port = portOf(brokers);
  await withAdmin(brokers, (admin) => admin.create([{ name: "kept", partitions: 3, replication: 1, config: {} }]));
  expect(await brokerAnswers("127.0.0.1", port)).toBe(true);

  await expect(startJavaKafka({ dataDir: folder, log })).rejects.toThrow(`KAFKA_BROKER_URL=${brokers}`);

  await broker.kill("SIGKILL");
  expect(alive(pid)).toBe(false);
  await broker.restart();
  expect(broker.brokers).toBe(brokers);
  expect(broker.pid).not.toBe(pid);
  // It was not started before its old self was let go: see old-self.ts.
  expect(await readFile(broker.logFile, "utf8")).not.toContain("DUPLICATE_BROKER_REGISTRATION");
  const topics = await withAdmin(brokers, (admin) => admin.describe(["kept"]));
  expect(topics.get("kept")?.partitions).toBe(3);

  const second = broker.pid;
  await broker.stop();
  await broker.stop();
  expect(alive(second)).toBe(false);
  expect(await portIsFree(port)).toBe(true);
});

test("a broker ends when the process that started it is killed with -9", async () => {
  const script = `
    import { startJavaKafka } from ${JSON.stringify(join(import.meta.dirname, "start.ts"))};
    const broker = await startJavaKafka({ dataDir: ${JSON.stringify(join(folder, "orphan"))}, log: () => {} });
    process.stdout.write(broker.pid + " " + broker.brokers + "\\n");`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = await new Promise<string>((resolve) => parent.stdout.once("data", (text) => resolve(String(text))));
  const [pid, brokers] = said.trim().split(" ");
  parent.kill("SIGKILL");
  expect(await until(() => !alive(Number(pid)), 15_000)).toBe(true);
  expect(await portIsFree(portOf(brokers ?? ""))).toBe(true);
});

test("a port that is taken is refused by its number", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const address = holder.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(startJavaKafka({ dataDir: join(folder, "taken"), port, log })).rejects.toThrow(`port ${port} is taken`);
  holder.close();
});
