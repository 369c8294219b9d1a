import { type Batch, ReaderClosed, RetryLater } from "@weir/stream";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { batchBytes, responseBytes } from "./batch.fixture.ts";
import { Feed, type FeedOptions } from "./feed.ts";
import type { FetchResponse } from "./fetch-codec.ts";
import type { Cluster, ProtocolRequest } from "./kafkajs.ts";

type Answer = Buffer | Error | Promise<Buffer>;

/** One broker that leads every partition of `t` and answers fetches from a script; then it holds the line. */
const scripted = (answers: Answer[]) => {
  const asked: number[] = [];
  let refreshes = 0;
  const send = async (request: ProtocolRequest<FetchResponse>): Promise<FetchResponse> => {
    const { buffer } = await request.request.encode();
    // After the 29 bytes of the request's head: topics, one topic `t`, its partitions, then partition, epoch, offset.
    asked.push(Number(buffer.readBigInt64BE(29 + 3 + 4 + 8)));
    const answer = answers.shift() ?? new Promise<Buffer>(() => {});
    if (answer instanceof Error) throw answer;
    return request.response.decode(await answer);
  };
  const broker = { nodeId: 1, connectionPool: { send }, disconnect: async () => {} };
  const cluster = {
    connect: async () => {},
    addMultipleTargetTopics: async () => {},
    refreshMetadata: async () => {
      refreshes++;
    },
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async () => broker,
  };
  return { cluster: cluster as unknown as Cluster, asked, refreshes: () => refreshes };
};

const response = (base: number, ...values: string[]): Buffer =>
  responseBytes([
    {
      topic: "t",
      partition: 0,
      lastStableOffset: base + values.length,
      data: batchBytes({ base, records: values.map((value) => ({ value: Buffer.from(value) })) }),
    },
  ]);

const damaged = (base: number): Buffer => {
  const bytes = response(base, "damaged");
  bytes[bytes.length - 1] = 0xff;
  return bytes;
};

const follow = (answers: Answer[], options: Partial<FeedOptions> = {}, from = 0) => {
  const script = scripted(answers);
  const feed = new Feed(script.cluster, {
    log: () => {},
    maxBytes: 1024 * 1024,
    maxRecords: 1000,
    checkChecksums: true,
    stallMs: 60_000,
    ...options,
  });
  onTestFinished(() => feed.close());
  return { ...script, feed, reader: feed.follow({ topic: "t", partition: 0 }, from) };
};

const text = (batch: Batch | null): string[] =>
  batch?.records.map((record) => `${record.offset}:${record.value}`) ?? [];

describe("a feed", () => {
  test("fetches ahead of its reader, and gives all that has come in one batch", async () => {
    const { reader, asked } = follow([response(0, "a", "b"), response(2, "c"), response(3, "d")]);
    await vi.waitFor(() => expect(asked).toEqual([0, 2, 3, 4]));
    const batch = await reader.next();
    expect(text(batch)).toEqual(["0:a", "1:b", "2:c", "3:d"]);
    expect(batch).toMatchObject({ from: 0, next: 4, endOffset: 4 });
  });

  test("gives no more than the greatest number of records at a time", async () => {
    const { reader, asked } = follow([response(0, "a", "b", "c"), response(3, "d")], { maxRecords: 2 });
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    const batches = [await reader.next(), await reader.next()];
    expect(batches.map(text)).toEqual([
      ["0:a", "1:b"],
      ["2:c", "3:d"],
    ]);
    expect(batches.map((batch) => [batch?.from, batch?.next])).toEqual([
      [0, 2],
      [2, 4],
    ]);
  });

  test("stops fetching for a reader that is full, and goes on when it has taken", async () => {
    const { reader, asked } = follow([response(0, "a"), response(1, "b"), response(2, "c")], { maxBytes: 100 });
    await vi.waitFor(() => expect(asked).toEqual([0, 1]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([0, 1]);
    expect(text(await reader.next())).toEqual(["0:a", "1:b"]);
    await vi.waitFor(() => expect(asked).toEqual([0, 1, 2, 3]));
  });

  test("asks again after a lost broker and a moved leader, with fresh metadata, and loses nothing", async () => {
    const moved = responseBytes([{ topic: "t", partition: 0, errorCode: 6 }]);
    const { reader, asked, refreshes } = follow([response(0, "a"), new Error("gone"), moved, response(1, "b")]);
    expect(text(await reader.next())).toEqual(["0:a"]);
    expect(text(await reader.next())).toEqual(["1:b"]);
    expect(asked.slice(0, 4)).toEqual([0, 1, 1, 1]);
    expect(refreshes()).toBeGreaterThan(0);
  });

  test("fetches a damaged batch again, from where it began", async () => {
    const ahead = Promise.withResolvers<Buffer>();
    const { reader, asked } = follow([response(0, "a"), damaged(1), ahead.promise, response(1, "b")]);
    await vi.waitFor(() => expect(asked).toEqual([0, 1, 2]));
    expect(text(await reader.next())).toEqual(["0:a"]);
    const next = reader.next();
    ahead.resolve(response(2, "of no use now"));
    expect(text(await next)).toEqual(["1:b"]);
    expect(asked.slice(0, 4)).toEqual([0, 1, 2, 1]);
  });

  test("gives up on a batch that comes damaged each time, naming it", async () => {
    const { reader } = follow(Array.from({ length: 10 }, () => damaged(0)));
    await expect(reader.next()).rejects.toThrow(/t\/0: batch at offset 0 .* checksum/);
  });

  test("does not wait for ever on a broker that stays silent", async () => {
    const { reader } = follow([], { stallMs: 50 });
    await expect(reader.next()).rejects.toBeInstanceOf(RetryLater);
    await expect(reader.next()).rejects.toBeInstanceOf(RetryLater);
  });

  test("wakes a waiting reader when it is closed, and takes no answer for it afterwards", async () => {
    const late = Promise.withResolvers<Buffer>();
    const { reader, asked, feed } = follow([late.promise]);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const waiting = expect(reader.next()).rejects.toBeInstanceOf(ReaderClosed);
    reader.close();
    reader.close();
    await waiting;
    const again = feed.follow({ topic: "t", partition: 0 }, 7);
    late.resolve(response(0, "late"));
    await vi.waitFor(() => expect(asked).toEqual([0, 7]));
    again.close();
    await expect(again.next()).rejects.toBeInstanceOf(ReaderClosed);
  });
});
