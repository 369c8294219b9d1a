import { OffsetOutOfRange, RetryLater } from "@weir/stream";
import { expect, test, vi } from "vitest";
import { openKafka } from "./connection.ts";
import { connection, followTo, newTopic, openLog, part, readRange, text } from "./kafka.fixture.ts";
import { openCluster } from "./kafkajs.ts";
import { PackedOutputs, type PlannedBatch, planProduce } from "./packed-outputs.ts";
import { BatchEncoder, sendBatches } from "./produce-request.ts";
import { openProducer } from "./producer.ts";

const WAIT = { timeout: 20_000, interval: 50 };

/** A transaction that can be left open or aborted, several side by side: what the port does not offer. */
const openTransaction = async (id: string, topic: string) => {
  const cluster = openCluster(openKafka(connection(), () => {}));
  await cluster.connect();
  await cluster.addMultipleTargetTopics([topic]);
  const coordinator = await vi.waitFor(() => cluster.findGroupCoordinator({ groupId: id, coordinatorType: 1 }), WAIT);
  const init = () => coordinator.initProducerId({ transactionalId: id, transactionTimeout: 60_000 });
  const { producerId, producerEpoch } = await vi.waitFor(init, WAIT);
  const identity = { transactionalId: id, producerId, producerEpoch };
  const encoder = new BatchEncoder({ producerId: Number(producerId), producerEpoch }, true);
  let added = false;
  return {
    send: async (...values: string[]) => {
      const topics = [{ topic, partitions: [0] }];
      if (!added) await vi.waitFor(() => coordinator.addPartitionsToTxn({ ...identity, topics }), WAIT);
      added = true;
      const { outputs } = part(
        "",
        0,
        values.map((value) => ({ topic, value })),
      );
      const [[planned] = []] = planProduce([PackedOutputs.of(outputs)]);
      const batch = encoder.encode(planned as PlannedBatch);
      // A broker that leads a new partition may say for a moment that it does not.
      await vi.waitFor(async () => {
        const [outcome] = await sendBatches(cluster, id, [batch]);
        expect(outcome?.errorCode).toBe(0);
      }, WAIT);
    },
    end: async (transactionResult: boolean) => {
      await coordinator.endTxn({ ...identity, transactionResult });
      added = false;
    },
    close: () => cluster.disconnect(),
  };
};

test("aborted records are never delivered, though transactions nest and their producers interleave", async () => {
  const topic = await newTopic();
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => openTransaction(`${topic}-${name}`, topic)));
  if (a === undefined || b === undefined || c === undefined) throw new Error("no transaction");
  const expected: string[] = [];
  for (let round = 0; round < 12; round++) {
    const kept = (name: string, keep: boolean, ...values: string[]) => {
      const tagged = values.map((value) => `${round}${name}${value}`);
      if (keep) expected.push(...tagged);
      return tagged;
    };
    const [keepA, keepB, keepC] = [round % 3 === 0, round % 2 === 0, round % 5 !== 0];
    await a.send(...kept("a", keepA, "1", "2"));
    await b.send(...kept("b", keepB, "1"));
    await c.send(...kept("c", keepC, "1", "2", "3"));
    await b.end(keepB);
    await b.send(...kept("b", !keepB, "again"));
    await a.send(...kept("a", keepA, "3"));
    await c.end(keepC);
    await a.end(keepA);
    await b.end(!keepB);
  }
  const log = openLog({ batchMaxRecords: 7 });
  let end = 0;
  await vi.waitFor(async () => {
    ({ end } = await log.bounds({ topic, partition: 0 }));
    expect(text(await readRange(log, topic, 0, end))).toEqual(expected);
  }, WAIT);
  expect(text(await followTo(log, topic, end))).toEqual(expected);
  // Fetched in many small responses, each with its own list of aborted transactions.
  const small = openLog({ fetchMaxBytes: 200 });
  expect(text(await readRange(small, topic, 0, end))).toEqual(expected);
  expect(text(await followTo(small, topic, end))).toEqual(expected);
  await Promise.all([a.close(), b.close(), c.close()]);
});

test("records of an open transaction hold back what comes after them, and its end releases all", async () => {
  const topic = await newTopic();
  const transaction = await openTransaction(`${topic}-open`, topic);
  const producer = openProducer(connection(), { log: () => {} });
  await transaction.send("open");
  await producer.send(topic, [{ key: null, value: Buffer.from("plain"), partition: 0 }]);
  const log = openLog({ stallMs: 20_000 });
  expect(await log.bounds({ topic, partition: 0 })).toEqual({ start: 0, end: 0 });
  const following = followTo(log, topic, 3);
  await transaction.end(true);
  expect(text(await following)).toEqual(["open", "plain"]);
  await Promise.all([transaction.close(), producer.close()]);
});

test("any bounded range equals that part of a full read", async () => {
  const topic = await newTopic();
  const log = openLog({ batchMaxRecords: 50 });
  const writer = await log.openWriter(`${topic}-w`, topic);
  for (let commit = 0; commit < 40; commit++) {
    const values = Array.from({ length: 1 + ((commit * 7) % 23) }, (_, index) => ({
      topic,
      value: `${commit}.${index}`,
    }));
    expect((await writer.commit([part(topic, commit + 1, values)])).result).toBe("committed");
  }
  await writer.close();
  let end = 0;
  await vi.waitFor(async () => {
    ({ end } = await log.bounds({ topic, partition: 0 }));
    expect((await readRange(log, topic, end - 2, end)).map((record) => record.offset)).toEqual([end - 2]);
  }, WAIT);
  const all = await readRange(log, topic, 0, end);
  const small = openLog({ fetchMaxBytes: 300, batchMaxRecords: 3 });
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let turn = 0; turn < 40; turn++) {
    const from = random(end);
    const to = from + random(end - from + 1);
    const expected = all.filter((record) => record.offset >= from && record.offset < to);
    expect(await readRange(turn % 2 === 0 ? log : small, topic, from, to)).toEqual(expected);
  }
});

test("a compacted topic gives its tombstones and last values, and comes to the end of an empty tail", async () => {
  const topic = await newTopic(1, {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "300",
    "delete.retention.ms": "86400000",
  });
  const log = openLog();
  const writer = await log.openWriter(`${topic}-w`, topic);
  const write = async (next: number, key: string, value: string | null) =>
    expect((await writer.commit([part(topic, next, [{ topic, key, value }])])).result).toBe("committed");
  await write(1, "stays", "first");
  await write(2, "gone", "here");
  await write(3, "gone", null);
  for (let next = 4; next < 30; next++) await write(next, "often", `value ${next}`);
  // Rolled segments are cleaned by a thread that looks every 15 s; later records roll the segment.
  let next = 30;
  await vi.waitFor(
    async () => {
      await write(next, "often", `value ${next++}`);
      const { end } = await log.bounds({ topic, partition: 0 });
      expect((await readRange(log, topic, 0, end)).length).toBeLessThan(20);
    },
    { timeout: 50_000, interval: 1000 },
  );
  await writer.close();
  const { end } = await vi.waitFor(async () => {
    const bounds = await log.bounds({ topic, partition: 0 });
    expect(String((await readRange(log, topic, 0, bounds.end)).at(-1)?.value)).toBe(`value ${next - 1}`);
    return bounds;
  }, WAIT);
  const latest = new Map<string, string | null>();
  const records = await readRange(log, topic, 0, end);
  for (const record of records) latest.set(String(record.key), record.value?.toString() ?? null);
  expect(Object.fromEntries(latest)).toEqual({ stays: "first", gone: null, often: `value ${next - 1}` });
  // From within the hole that compaction left, and into the marker at the end, where nothing is.
  const hole = records.findIndex((record, index) => record.offset > (records[index - 1]?.offset ?? -1) + 3);
  const from = (records[hole]?.offset ?? 0) - 2;
  expect(await readRange(log, topic, from, end)).toEqual(records.slice(hole));
  expect(await readRange(log, topic, end - 1, end)).toEqual([]);
  expect(await followTo(log, topic, end)).toEqual(records);
}, 90_000);

test("a follower is told when its offset is gone, and one whose broker is absent to come back later", async () => {
  const topic = await newTopic();
  const reader = openLog().read({ topic, partition: 0 }, 5);
  await expect(reader.next()).rejects.toBeInstanceOf(OffsetOutOfRange);
  const absent = openLog({ connection: connection(["127.0.0.1:1"]), stallMs: 300, callTimeoutMs: 300 });
  await expect(absent.read({ topic, partition: 0 }, 0).next()).rejects.toBeInstanceOf(RetryLater);
  await expect(absent.read({ topic, partition: 0 }, 0, 5).next()).rejects.toBeInstanceOf(RetryLater);
  await expect(absent.bounds({ topic, partition: 0 })).rejects.toBeInstanceOf(RetryLater);
  await expect(absent.partitions(topic)).rejects.toBeInstanceOf(RetryLater);
  await expect(absent.committed("g", { topic, partition: 0 })).rejects.toBeInstanceOf(RetryLater);
  await expect(absent.openWriter("w", "g")).rejects.toBeInstanceOf(RetryLater);
});
