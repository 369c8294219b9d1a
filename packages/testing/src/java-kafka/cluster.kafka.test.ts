import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openAdmin, openProducer } from "@weir/kafka";
import { expect, onTestFinished, test } from "vitest";
import { dumpTopics } from "../outsider/dump.ts";
import { SESSION_EXPIRED_MS, startKafkaCluster } from "./cluster.ts";

test("three brokers keep what they have acknowledged when one of them is killed with -9", {
  timeout: 240_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "weir-cluster-"));
  const cluster = await startKafkaCluster({ dataDir, log: () => {} });
  onTestFinished(async () => {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const connection = { brokers: cluster.brokers.split(","), clientId: "cluster", tls: null, sasl: null };
  const admin = openAdmin(connection);
  await admin.create([{ name: "kept", partitions: 3, replication: -1, config: {} }]);
  expect((await admin.describe(["kept"])).get("kept")).toMatchObject({ partitions: 3, replication: 3 });
  await admin.close();
  const producer = openProducer(connection, { log: () => {} });
  const sent: string[] = [];
  const send = async (): Promise<void> => {
    const values = [0, 1, 2].map((partition) => `${sent.length} to ${partition}`);
    await producer.send(
      "kept",
      values.map((value, partition) => ({ key: null, value: Buffer.from(value), partition })),
    );
    sent.push(...values);
  };
  await send();
  await cluster.nodes[1]?.kill("SIGKILL");
  await send();
  await sleep(SESSION_EXPIRED_MS);
  await cluster.nodes[1]?.restart();
  await send();
  await producer.close();
  const { records } = await dumpTopics(cluster.brokers, ["kept"]);
  expect(records.map(({ value }) => String(value)).sort()).toEqual(sent.toSorted());
});
