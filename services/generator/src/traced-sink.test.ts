import { parseTraceparent, sampledContext } from "@weir/schema";
import { expect, test } from "vitest";
import { FakeClock, MemorySink, MemoryTracing } from "./fakes.ts";
import type { SinkRecord } from "./sink.ts";
import { tracedSink } from "./traced-sink.ts";

const TOPIC = "transactions";

function prepare({ share = 1, room = Number.POSITIVE_INFINITY, admit = () => {} } = {}) {
  const clock = new FakeClock();
  const sink = new MemorySink({ clock, sendMs: () => 20, admit });
  const tracing = new MemoryTracing(room);
  // 0, 0.25, 0.5, 0.75 and so on.
  let drawn = 0;
  const chance = (): number => (drawn++ % 4) / 4;
  const traced = tracedSink(sink, { tracing, topic: TOPIC, share, chance, epochMs: clock.epochMs });
  return { clock, sink, tracing, traced };
}

const record = (number: number, partition: number | null = 1): SinkRecord => ({
  key: Buffer.from(`key ${number}`),
  value: Buffer.from(`value ${number}`),
  partition,
  timestampMs: 1_699_999_999_990,
});
const records = (count: number): SinkRecord[] => Array.from({ length: count }, (_, number) => record(number));

test("the share of transactions that is asked for has a header, and all else is as it was", async () => {
  const { sink, tracing, traced } = prepare({ share: 0.5 });
  await traced.send(TOPIC, records(8));
  expect(sink.records.map(({ headers, ...rest }) => rest)).toEqual(records(8));
  expect(sink.records.map(({ headers }) => headers?.length ?? 0)).toEqual([1, 1, 0, 0, 1, 1, 0, 0]);
  const contexts = sink.records.map(({ headers = [] }) => sampledContext(headers)?.traceId).filter(Boolean);
  expect(contexts).toEqual(tracing.spans.map(({ traceId }) => traceId));
});

test.each([
  ["no share", { share: 0 }],
  ["no room", { room: 0 }],
])("with %s there is no header", async (_, options) => {
  const { sink, tracing, traced } = prepare(options);
  await traced.send(TOPIC, records(8));
  expect(sink.records).toEqual(records(8));
  expect(tracing.spans).toEqual([]);
});

test("a span goes from when the transaction was due to its acknowledgement, and tells nothing of it", async () => {
  const { tracing, traced, clock } = prepare();
  await traced.send(TOPIC, [record(1), record(2, null)]);
  const common = { name: `send ${TOPIC}`, kind: "producer", parent: null, links: [], startMs: 1_699_999_999_990 };
  const attributes = {
    "messaging.system": "kafka",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
    "messaging.destination.name": TOPIC,
  };
  const ended = [clock.startEpochMs + 20, "done"];
  expect(tracing.spans).toMatchObject([
    { ...common, ended, attributes: { ...attributes, "messaging.destination.partition.id": "1" } },
    { ...common, ended },
  ]);
  expect(tracing.spans[1]?.attributes).toEqual(attributes);
  expect(JSON.stringify(tracing.spans)).not.toMatch(/key|value/);
});

test("what goes to another topic is not traced", async () => {
  const { sink, tracing, traced } = prepare();
  await traced.send("labels", records(3));
  expect(sink.records).toEqual(records(3));
  expect(tracing.spans).toEqual([]);
});

test("a batch that is refused ends as failed, and begins another trace when it is sent again", async () => {
  let refuse = true;
  const { sink, tracing, traced } = prepare({
    admit: () => {
      if (refuse) throw new Error("refused");
    },
  });
  await expect(traced.send(TOPIC, records(1))).rejects.toThrow("refused");
  refuse = false;
  await traced.send(TOPIC, records(1));
  expect(tracing.spans.map(({ ended }) => ended?.[1])).toEqual(["failed", "done"]);
  const [, bytes] = sink.records[0]?.headers?.[0] ?? [];
  expect(parseTraceparent(bytes as Buffer)?.traceId).toBe(tracing.spans[1]?.traceId);
});
