/**
 * The one contract suite of the port (packages/stream/src/port.ts): every implementation of Log passes it,
 * so that what simulation proves over the log in memory holds for the one in production.
 */
import type { LogRecord } from "@weir/schema";
import { type Batch, type CommitPart, type Log, OffsetOutOfRange, ReaderClosed, TopicMissing } from "@weir/stream";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

export type LogFixture = {
  /** A new client, as of a new process. */
  open(): Log;
  createTopic(name: string, partitions: number): Promise<void>;
  deleteTopic(name: string): Promise<void>;
  /** As a plain producer: no transaction. */
  produce(topic: string, partition: number, values: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
/** The first start of a broker downloads it. */
const START_TIMEOUT_MS = 600_000;
const WAIT = { timeout: 20_000, interval: 20 };
let unique = 0;

export function logContract(name: string, start: () => Promise<LogFixture>): void {
  describe(`the contract of a log: ${name}`, () => {
    let fixture: LogFixture;
    const clients: Log[] = [];
    beforeAll(async () => {
      fixture = await start();
    }, START_TIMEOUT_MS);
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
    });
    afterAll(() => fixture.close());

    const open = (): Log => {
      const client = fixture.open();
      clients.push(client);
      return client;
    };
    const newTopic = async (partitions = 1): Promise<string> => {
      const topic = `contract-${process.pid}-${Date.now()}-${unique++}`;
      await fixture.createTopic(topic, partitions);
      return topic;
    };
    const part = (
      topic: string,
      output: string,
      values: readonly string[],
      next: number,
      tag = `t${next}`,
    ): CommitPart => ({
      input: { topic, partition: 0 },
      next,
      tag,
      outputs: values.map((value) => ({
        topic: output,
        partition: 0,
        key: Buffer.from(value),
        value: Buffer.from(value),
        headers: [],
        timestampMs: 1_700_000_000_000,
      })),
    });
    const readAll = async (log: Log, topic: string, partition = 0): Promise<LogRecord[]> => {
      const { start: from, end } = await log.bounds({ topic, partition });
      return (await batchesOf(log, topic, partition, from, end)).flatMap((batch) => batch.records);
    };
    const batchesOf = async (
      log: Log,
      topic: string,
      partition: number,
      from: number,
      to: number,
    ): Promise<Batch[]> => {
      const reader = log.read({ topic, partition }, from, to);
      const batches: Batch[] = [];
      for (let batch = await reader.next(); batch !== null; batch = await reader.next()) batches.push(batch);
      reader.close();
      return batches;
    };
    const text = (records: readonly LogRecord[]): string[] => records.map((record) => String(record.value));

    test("a bounded read gives each record of its range once, in order, and then null", async () => {
      const topic = await newTopic();
      const values = Array.from({ length: 1000 }, (_, index) => `v${index}`);
      await fixture.produce(topic, 0, values);
      const log = open();
      const batches = await batchesOf(log, topic, 0, 100, 900);
      expect(text(batches.flatMap((batch) => batch.records))).toEqual(values.slice(100, 900));
      expect(batches[0]?.from).toBe(100);
      expect(batches.at(-1)?.next).toBe(900);
      for (const [index, batch] of batches.entries()) {
        expect(batch.next).toBeGreaterThan(batch.from);
        if (index > 0) expect(batch.from).toBe(batches[index - 1]?.next);
      }
    });

    test("a following read sees what is produced later, and close() wakes it", async () => {
      const topic = await newTopic();
      const log = open();
      const reader = log.read({ topic, partition: 0 }, 0);
      const first = reader.next();
      await fixture.produce(topic, 0, ["a"]);
      expect(text((await first)?.records ?? [])).toEqual(["a"]);
      const second = reader.next();
      const closed = expect(second).rejects.toBeInstanceOf(ReaderClosed);
      reader.close();
      await closed;
    });

    test("more() has nothing, or what comes next without a wait", async () => {
      const topic = await newTopic();
      const values = Array.from({ length: 3000 }, (_, index) => `v${index}`);
      await fixture.produce(topic, 0, values);
      const log = open();
      const reader = log.read({ topic, partition: 0 }, 0);
      const read: Batch[] = [];
      while (text(read.flatMap(({ records }) => records)).length < values.length) {
        const next = await reader.next();
        for (let batch = next; batch !== null; batch = reader.more()) read.push(batch);
      }
      expect(text(read.flatMap(({ records }) => records))).toEqual(values);
      expect(read.map(({ from }) => from)).toEqual([0, ...read.slice(0, -1).map(({ next }) => next)]);
      expect(reader.more()).toBeNull();
      reader.close();
      expect(reader.more()).toBeNull();
    });

    test("a list of outputs is what was added to it, in order, and can be committed again by another writer", async () => {
      const topic = await newTopic(2);
      const log = open();
      const records = Array.from({ length: 40 }, (_, index) => ({
        topic,
        partition: index % 2,
        key: index % 3 === 0 ? null : Buffer.from(`k${index}`),
        value: index % 5 === 0 ? null : Buffer.alloc(index * 100, index),
        headers: index % 7 === 0 ? ([["h", Buffer.from("x")]] as const) : [],
        timestampMs: 1_700_000_000_000 + index,
      }));
      const outputs = log.outputs();
      for (const record of records) outputs.push(record);
      expect(outputs.length).toBe(40);
      expect([...outputs]).toEqual(records);
      const input = { topic, partition: 0 };
      for (const [next, name] of ["first", "second"].entries()) {
        const writer = await log.openWriter(`${topic}-${name}`, topic);
        expect((await writer.commit([{ input, next: next + 1, tag: name, outputs }])).result).toBe("committed");
        await writer.close();
      }
      for (const partition of [0, 1]) {
        const wanted = records.filter((record) => record.partition === partition);
        const told = ({ key, value, headers, timestampMs }: (typeof wanted)[number] | LogRecord) =>
          `${key} ${value?.length} times ${value?.at(-1)}, ${headers.length} headers, at ${timestampMs}`;
        await vi.waitFor(async () => {
          expect((await readAll(log, topic, partition)).map(told)).toEqual([...wanted, ...wanted].map(told));
        }, WAIT);
      }
    });

    test("keys, values, headers and timestamps come back byte for byte", async () => {
      const topic = await newTopic();
      const log = open();
      const writer = await log.openWriter(`${topic}-w`, topic);
      const headers = [
        ["a", Buffer.from([0, 255])],
        ["a", Buffer.from("again")],
        ["empty", Buffer.alloc(0)],
      ] as const;
      const base = { topic, partition: 0, headers: [] };
      await writer.commit([
        {
          input: { topic, partition: 0 },
          next: 1,
          tag: "t",
          outputs: [
            { ...base, key: Buffer.from([0]), value: Buffer.from([1, 2, 3]), headers, timestampMs: 1_700_000_000_123 },
            { ...base, key: Buffer.from("k"), value: null, timestampMs: 1_700_000_000_456 },
            { ...base, key: null, value: Buffer.alloc(0), timestampMs: 1_700_000_000_789 },
          ],
        },
      ]);
      let records: LogRecord[] = [];
      await vi.waitFor(async () => {
        records = await readAll(log, topic);
        expect(records).toHaveLength(3);
      }, WAIT);
      const [first, second, third] = records;
      expect(first?.key).toEqual(Buffer.from([0]));
      expect(first?.value).toEqual(Buffer.from([1, 2, 3]));
      expect(first?.headers.map(([header, value]) => [header, value?.toString("hex")])).toEqual(
        headers.map(([header, value]) => [header, value.toString("hex")]),
      );
      expect(first?.timestampMs).toBe(1_700_000_000_123);
      expect(second?.value).toBeNull();
      expect(third?.key).toBeNull();
      expect(third?.value?.length).toBe(0);
      await writer.close();
    });

    test("a commit makes outputs and offset visible, with its tag; before the first there is no offset", async () => {
      const [topic, output] = [await newTopic(), await newTopic()];
      const log = open();
      const writer = await log.openWriter(`${topic}-w`, topic);
      expect(await log.committed(topic, { topic, partition: 0 })).toBeNull();
      expect(await writer.commit([part(topic, output, ["a", "b"], 2, "first")])).toMatchObject({ result: "committed" });
      expect(await writer.commit([part(topic, output, ["c"], 3, "second")])).toMatchObject({ result: "committed" });
      expect(await writer.commit([part(topic, output, [], 4, "no outputs")])).toMatchObject({ result: "committed" });
      await vi.waitFor(async () => expect(text(await readAll(log, output))).toEqual(["a", "b", "c"]), WAIT);
      const again = await log.openWriter(`${topic}-w`, topic);
      expect(await log.committed(topic, { topic, partition: 0 })).toEqual({ offset: 4, tag: "no outputs" });
      await again.close();
      await writer.close();
    });

    test("a fenced writer commits nothing", async () => {
      const [topic, output] = [await newTopic(), await newTopic()];
      const [older, newer] = [open(), open()];
      const first = await older.openWriter(`${topic}-w`, topic);
      expect((await first.commit([part(topic, output, ["a"], 1)])).result).toBe("committed");
      const second = await newer.openWriter(`${topic}-w`, topic);
      const { result } = await first.commit([part(topic, output, ["lost"], 2)]);
      expect(result).not.toBe("committed");
      expect(await newer.committed(topic, { topic, partition: 0 })).toEqual({ offset: 1, tag: "t1" });
      expect((await second.commit([part(topic, output, ["b"], 2)])).result).toBe("committed");
      await vi.waitFor(async () => expect(text(await readAll(newer, output))).toEqual(["a", "b"]), WAIT);
      await Promise.all([first.close(), second.close()]);
    });

    test("a range with nothing to deliver still comes to its end", async () => {
      const topic = await newTopic();
      const log = open();
      const writer = await log.openWriter(`${topic}-w`, topic);
      await writer.commit([part(topic, topic, ["a"], 1)]);
      await writer.close();
      let end = 0;
      await vi.waitFor(async () => {
        end = (await log.bounds({ topic, partition: 0 })).end;
        expect(end).toBe(2);
      }, WAIT);
      expect((await batchesOf(log, topic, 0, 1, end)).flatMap((batch) => batch.records)).toEqual([]);
    });

    test("a large commit keeps its order in every partition", async () => {
      const topic = await newTopic(3);
      const log = open();
      const writer = await log.openWriter(`${topic}-w`, topic);
      const outputs = Array.from({ length: 6000 }, (_, index) => ({
        topic,
        partition: index % 3,
        key: null,
        value: Buffer.from(`${index}`.padStart(300, "0")),
        headers: [],
        timestampMs: 1_700_000_000_000,
      }));
      const done = await writer.commit([{ input: { topic, partition: 0 }, next: 6000, tag: "all", outputs }]);
      expect(done).toMatchObject({ result: "committed" });
      await writer.close();
      for (const partition of [0, 1, 2])
        await vi.waitFor(
          async () =>
            expect((await readAll(log, topic, partition)).map((record) => Number(record.value))).toEqual(
              Array.from({ length: 2000 }, (_, index) => index * 3 + partition),
            ),
          WAIT,
        );
    });

    test("a read outside the log fails with OffsetOutOfRange", async () => {
      const topic = await newTopic();
      await fixture.produce(topic, 0, ["a"]);
      const reader = open().read({ topic, partition: 0 }, 17);
      await expect(reader.next()).rejects.toBeInstanceOf(OffsetOutOfRange);
      reader.close();
    });

    test("partitions() counts them, and a topic that is absent is TopicMissing", async () => {
      const log = open();
      expect(await log.partitions(await newTopic(3))).toBe(3);
      await expect(log.partitions("contract-absent")).rejects.toBeInstanceOf(TopicMissing);
    });

    test("topicId() stays what it is, unlike any other topic's, and is TopicMissing of one that is absent", async () => {
      const log = open();
      const [one, other] = [await newTopic(), await newTopic()];
      const id = await log.topicId(one);
      expect(await open().topicId(one)).toBe(id);
      expect(await log.topicId(other)).not.toBe(id);
      await expect(log.topicId("contract-absent")).rejects.toBeInstanceOf(TopicMissing);
      await fixture.deleteTopic(one);
      await vi.waitFor(() => expect(log.topicId(one)).rejects.toBeInstanceOf(TopicMissing), WAIT);
      await fixture.createTopic(one, 1);
      await vi.waitFor(async () => expect(await log.topicId(one)).not.toBe(id), WAIT);
    });

    test("members share the partitions, those that stay keep theirs, and one that leaves hands over", async () => {
      const topic = await newTopic(4);
      const seen: Record<string, readonly number[]> = {};
      const join = (member: string) =>
        open().join({
          group: `${topic}-g`,
          topic,
          onAssigned: (partitions) => {
            seen[member] = sorted(partitions);
          },
          onFailed: (error) => {
            throw error;
          },
        });
      const first = await join("first");
      await vi.waitFor(() => expect(seen.first).toEqual([0, 1, 2, 3]), WAIT);
      const second = await join("second");
      await vi.waitFor(() => {
        expect(seen.first).toHaveLength(2);
        expect(sorted([...(seen.first ?? []), ...(seen.second ?? [])])).toEqual([0, 1, 2, 3]);
      }, WAIT);
      await first.leave();
      await vi.waitFor(() => expect(seen.second).toEqual([0, 1, 2, 3]), WAIT);
      await second.leave();
    });
  });
}
