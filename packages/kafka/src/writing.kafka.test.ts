import { expect, test, vi } from "vitest";
import { connection, newTopic, openLog, part, readRange, text } from "./kafka.fixture.ts";
import { openProducer } from "./producer.ts";

const WAIT = { timeout: 20_000, interval: 50 };

test("a second openWriter fences the first, whose commit fails and leaves nothing behind", async () => {
  const [input, output] = [await newTopic(), await newTopic()];
  const log = openLog();
  const older = await log.openWriter(`${output}-w`, output);
  expect((await older.commit([part(input, 1, [{ topic: output, value: "one" }])])).result).toBe("committed");
  const newer = await log.openWriter(`${output}-w`, output);
  expect(await log.committed(output, { topic: input, partition: 0 })).toEqual({ offset: 1, tag: "next 1" });
  const refused = await older.commit([part(input, 2, [{ topic: output, value: "lost" }])]);
  expect(refused.result).toBe("failed");
  expect(String(refused.error)).toMatch(/epoch|fenced/i);
  expect((await older.commit([part(input, 3, [])])).result).toBe("failed");
  expect((await newer.commit([part(input, 2, [{ topic: output, value: "two" }])])).result).toBe("committed");
  const last = await log.openWriter(`${output}-w`, output);
  expect(await log.committed(output, { topic: input, partition: 0 })).toEqual({ offset: 2, tag: "next 2" });
  const { end } = await log.bounds({ topic: output, partition: 0 });
  expect(text(await readRange(log, output, 0, end))).toEqual(["one", "two"]);
  await Promise.all([older, newer, last].map((writer) => writer.close()));
});

test("openWriter settles the transaction that its predecessor left open, and the offset read then is exact", async () => {
  const [input, output] = [await newTopic(), await newTopic()];
  const log = openLog();
  const first = await log.openWriter(`${output}-w`, output);
  expect((await first.commit([part(input, 1, [{ topic: output, value: "kept" }])])).result).toBe("committed");
  // The second part cannot be produced (no such partition), the first may have been: the transaction stays open.
  const halfway = [
    { topic: output, value: "half" },
    { topic: output, partition: 7, value: "nowhere" },
  ];
  expect((await first.commit([part(input, 2, halfway)])).result).toBe("failed");
  const second = await log.openWriter(`${output}-w`, output);
  expect(await log.committed(output, { topic: input, partition: 0 })).toEqual({ offset: 1, tag: "next 1" });
  const { end } = await log.bounds({ topic: output, partition: 0 });
  expect(text(await readRange(log, output, 0, end))).toEqual(["kept"]);
  await Promise.all([first.close(), second.close()]);
});

test("outputs in several topics and the offsets of several inputs become visible together", async () => {
  const [input, left, right] = [await newTopic(2), await newTopic(2), await newTopic()];
  const log = openLog();
  const writer = await log.openWriter(`${input}-w`, input);
  const parts = [
    part(input, 10, [
      { topic: left, partition: 1, value: "a" },
      { topic: right, value: "b" },
    ]),
    part(input, 20, [{ topic: right, value: "c" }], 1),
  ];
  expect((await writer.commit(parts)).result).toBe("committed");
  const next = await log.openWriter(`${input}-w`, input);
  expect(await log.committed(input, { topic: input, partition: 0 })).toMatchObject({ offset: 10 });
  expect(await log.committed(input, { topic: input, partition: 1 })).toMatchObject({ offset: 20 });
  expect(text(await readRange(log, left, 0, 1, 1))).toEqual(["a"]);
  expect(text(await readRange(log, right, 0, 2))).toEqual(["b", "c"]);
  await Promise.all([writer.close(), next.close()]);
});

test("a commit that is refused as too large fails, and a new writer goes on where the last commit was", async () => {
  const [input, output] = [await newTopic(), await newTopic(1, { "max.message.bytes": "1000" })];
  const log = openLog();
  const writer = await log.openWriter(`${input}-w`, input);
  const refused = await writer.commit([part(input, 1, [{ topic: output, value: "x".repeat(5000) }])]);
  expect(refused.result).toBe("failed");
  await writer.close();
  const next = await log.openWriter(`${input}-w`, input);
  expect(await log.committed(input, { topic: input, partition: 0 })).toBeNull();
  expect((await next.commit([part(input, 1, [{ topic: output, value: "small" }])])).result).toBe("committed");
  await next.close();
});

test("many commits in a row keep each partition's order, with batches split and sequence numbers going on", async () => {
  const [input, output] = [await newTopic(), await newTopic(2)];
  const log = openLog();
  const writer = await log.openWriter(`${input}-w`, input);
  const expected: string[] = [];
  for (let commit = 0; commit < 5; commit++) {
    const outputs = Array.from({ length: 2500 }, (_, index) => ({
      topic: output,
      partition: 1,
      value: `${commit}.${index}`.padEnd(400, "-"),
    }));
    expected.push(...outputs.map(({ value }) => value));
    expect(await writer.commit([part(input, commit + 1, outputs)])).toEqual({ result: "committed" });
  }
  await writer.close();
  await vi.waitFor(async () => {
    const { end } = await log.bounds({ topic: output, partition: 1 });
    expect(text(await readRange(log, output, 0, end, 1))).toEqual(expected);
  }, WAIT);
});

test("the plain producer stores each record once, in order, by key as Kafka's default partitioner does", async () => {
  const topic = await newTopic(3);
  const producer = openProducer(connection(), { log: () => {} });
  expect(await producer.partitions(topic)).toBe(3);
  const records = Array.from({ length: 3000 }, (_, index) => ({
    key: Buffer.from(`key ${index % 10}`),
    value: Buffer.from(String(index)),
    partition: null,
    timestampMs: 1_700_000_000_000 + index,
    headers: [["h", Buffer.from("v")] as const],
  }));
  await Promise.all([producer.send(topic, records.slice(0, 1000)), producer.send(topic, records.slice(1000))]);
  await producer.send(topic, [{ key: null, value: Buffer.from("3000"), partition: 2 }]);
  await producer.close();
  const log = openLog();
  const seen: string[] = [];
  for (const partition of [0, 1, 2]) {
    const { end } = await log.bounds({ topic, partition });
    const read = await readRange(log, topic, 0, end, partition);
    const order = read.map((record) => Number(record.value));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    seen.push(...read.map((record) => `${record.key}:${partition}`));
    expect(read[0]?.headers).toEqual([["h", Buffer.from("v")]]);
  }
  expect(seen.length).toBe(3001);
  expect(new Set(seen.filter((place) => place.startsWith("key"))).size).toBe(10);
  expect(seen.at(-1)).toBe("null:2");
});
