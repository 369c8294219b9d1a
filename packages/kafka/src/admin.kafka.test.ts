import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { openAdmin } from "./admin.ts";
import { openKafka } from "./connection.ts";
import { connection, newTopic, openLog, part } from "./kafka.fixture.ts";
import { openCluster } from "./kafkajs.ts";

test("topics are made as specified, left alone when they exist, and described with their settings", async () => {
  const admin = openAdmin(connection());
  const name = `${await newTopic(1)}-made`;
  const spec = { name, partitions: 3, replication: 1, config: { "cleanup.policy": "compact", "segment.ms": "60000" } };
  expect(await admin.create([spec])).toEqual(new Map([[name, "created"]]));
  expect(await admin.create([{ ...spec, partitions: 9 }])).toEqual(new Map([[name, "exists"]]));
  const described = await admin.describe([name, "absent"]);
  expect(described.get("absent")).toBeNull();
  expect(described.get(name)).toMatchObject({
    partitions: 3,
    replication: 1,
    config: { "cleanup.policy": "compact", "segment.ms": "60000", "max.message.bytes": "1048588" },
  });
  await expect(admin.create([{ ...spec, name: `${name}-2`, config: { nonsense: "1" } }])).rejects.toThrow(`${name}-2`);
  await expect(admin.create([{ ...spec, name: `${name}-3`, replication: 5 }])).rejects.toThrow(`${name}-3`);
  expect(await admin.brokerReady()).toBe(true);
  await admin.close();
});

test("a client is told of no topic but those it names, so another's topic without a leader is nothing to it", async () => {
  const topic = await newTopic(1);
  await newTopic(1);
  const cluster = openCluster(openKafka(connection(), () => {}));
  const { brokerPool } = cluster as unknown as { brokerPool: { metadata: { topicMetadata: { topic: string }[] } } };
  const told = (): string[] => brokerPool.metadata.topicMetadata.map((one) => one.topic);
  await cluster.connect();
  await cluster.refreshMetadata();
  expect(told()).toEqual([]);
  await cluster.addMultipleTargetTopics([topic]);
  expect(told()).toEqual([topic]);
  await cluster.disconnect();
});

test("a group's lag is told for each partition, null where it has committed nothing", async () => {
  const topic = await newTopic(2);
  const log = openLog();
  const writer = await log.openWriter(`${topic}-w`, topic);
  await writer.commit([
    part(topic, 1, [
      { topic, value: "a" },
      { topic, partition: 1, value: "b" },
    ]),
  ]);
  await (await log.openWriter(`${topic}-w`, topic)).close();
  const admin = openAdmin(connection());
  expect(await admin.groupLag(topic, topic)).toEqual([
    { partition: 0, committed: 1, end: 2 },
    { partition: 1, committed: null, end: 2 },
  ]);
  await admin.close();
});

test("without a broker nothing is ready, and calls throw instead of waiting", async () => {
  const admin = openAdmin(connection(["127.0.0.1:1"]));
  expect(await admin.brokerReady()).toBe(false);
  await expect(admin.describe(["t"])).rejects.toThrow("describing topics");
  await admin.close();
});

/** Stands before the broker, and hangs up on whoever comes before `fromMs`. */
async function lateBroker(fromMs: number) {
  const taken: Socket[] = [];
  const [host, port] = inject("kafkaBrokers").split(":");
  const server = createServer((socket) => {
    if (performance.now() < fromMs) {
      socket.destroy();
      return;
    }
    taken.push(socket.on("error", () => {}));
    const broker = connect({ host, port: Number(port) }).on("error", () => {});
    socket.pipe(broker).pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of taken) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, taken };
}

test("what is reached only after a call was given up is not kept open", async () => {
  const { address, taken } = await lateBroker(performance.now() + 2_200);
  const admin = openAdmin(connection([address]));
  expect(await admin.brokerReady()).toBe(false);
  await admin.close();
  await vi.waitFor(() => expect(taken.length).toBeGreaterThan(0), 15_000);
  await vi.waitFor(() => expect(taken.filter((socket) => !socket.readableEnded)).toHaveLength(0), 15_000);
}, 40_000);
