/**
 * What the log alone costs: read, copy, commit, with no deciding in between.
 *
 *   KAFKA_BROKER_URL=127.0.0.1:9092 node bench/copy.ts [throughput|latency] [--messages 1000000] [--partitions 4]
 *     [--rate 5000] [--seconds 20]
 *
 * throughput: copies a preloaded topic exactly once, one transaction per batch and partition.
 * latency: open loop at a rate; produce to read_committed reader, through one transaction, and the commits' own time.
 */
import { parseArgs } from "node:util";
import { type KafkaConnection, KafkaLog, openAdmin, openProducer, type ProducerRecord } from "@weir/kafka";
import type { LogRecord } from "@weir/schema";
import type { OutputRecord } from "@weir/stream";
import { build, type Histogram } from "hdr-histogram-js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: "string", default: "1000000" },
    partitions: { type: "string", default: "4" },
    rate: { type: "string", default: "5000" },
    seconds: { type: "string", default: "20" },
  },
});
const PARTITIONS = Number(values.partitions);
const brokers = (process.env.KAFKA_BROKER_URL ?? "127.0.0.1:9092").split(",");
const connection: KafkaConnection = { brokers, clientId: "bench", tls: null, sasl: null };
const log = (level: string, message: string, fields: object): void => {
  if (level === "warn" || level === "error") console.error(level, message, JSON.stringify(fields));
};
const run = `bench-${Date.now()}`;
const input = `${run}-in`;
const output = `${run}-out`;

const letters = (): string => {
  let text = "";
  for (let index = 0; index < 12; index++) text += String.fromCharCode(97 + Math.floor(Math.random() * 26));
  return text;
};
const message = (): ProducerRecord => {
  const amount = (1 + Math.random() * 999).toFixed(2);
  const text = `{"source":"${letters()}","target":"${letters()}","amount":${amount},"currency":"EUR"}`;
  return { key: null, value: Buffer.from(text), partition: null };
};

/** One transaction per batch; stops after `end` records, or when `stop` is aborted. */
const copyPartition = async (
  kafka: KafkaLog,
  partition: number,
  end: number,
  commits: Histogram,
  stop: AbortSignal,
): Promise<number> => {
  const writer = await kafka.openWriter(`${run}-${partition}`, run);
  const reader = kafka.read({ topic: input, partition }, 0);
  stop.addEventListener("abort", () => reader.close(), { once: true });
  let copied = 0;
  try {
    while (copied < end) {
      const batch = await reader.next();
      if (batch === null) break;
      const outputs = batch.records.map((record): OutputRecord => ({ ...copyOf(record), partition }));
      const startedAt = performance.now();
      const { result, error } = await writer.commit([
        { input: { topic: input, partition }, next: batch.next, tag: "", outputs },
      ]);
      if (result !== "committed") throw new Error(`commit ${result}`, { cause: error });
      commits.recordValue(Math.round((performance.now() - startedAt) * 1000));
      copied += batch.records.length;
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  reader.close();
  await writer.close();
  return copied;
};

const copyOf = ({ key, value, headers, timestampMs }: LogRecord) => ({
  topic: output,
  key,
  value,
  headers,
  timestampMs,
});

const milliseconds = (histogram: Histogram): string =>
  [50, 99, 99.9]
    .map((percentile) => `p${percentile} ${(histogram.getValueAtPercentile(percentile) / 1000).toFixed(1)}`)
    .join(", ")
    .concat(` ms of ${histogram.totalCount}`);

const throughput = async (): Promise<void> => {
  const count = Number(values.messages);
  const producer = openProducer(connection, { log });
  let startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 10_000) {
    await producer.send(input, Array.from({ length: Math.min(10_000, count - sent) }, message));
  }
  await producer.close();
  console.log(`preloaded ${count} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

  const kafka = new KafkaLog({ connection, log });
  const ends = await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => (await kafka.bounds({ topic: input, partition })).end),
  );
  startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  let read = 0;
  await Promise.all(
    ends.map(async (end, partition) => {
      const reader = kafka.read({ topic: input, partition }, 0);
      for (let next = 0; next < end; ) {
        const batch = await reader.next();
        next = batch?.next ?? end;
        read += batch?.records.length ?? 0;
      }
      reader.close();
    }),
  );
  report("read only", read, performance.now() - startedAt, process.cpuUsage(cpuBefore));

  const commits = build();
  startedAt = performance.now();
  const cpuCopy = process.cpuUsage();
  const never = new AbortController().signal;
  const copied = await Promise.all(ends.map((end, partition) => copyPartition(kafka, partition, end, commits, never)));
  const total = copied.reduce((sum, one) => sum + one, 0);
  report("copied exactly once", total, performance.now() - startedAt, process.cpuUsage(cpuCopy));
  console.log(`commits: ${milliseconds(commits)}`);
  await kafka.close();
};

const report = (what: string, count: number, elapsedMs: number, cpu: NodeJS.CpuUsage): void => {
  const perMessage = (cpu.user + cpu.system) / count;
  console.log(
    `${what}: ${count}, ${Math.round(count / (elapsedMs / 1000))} a second, ${perMessage.toFixed(1)} us of CPU each`,
  );
};

const latency = async (): Promise<void> => {
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  const kafka = new KafkaLog({ connection, log });
  const [commits, delivered, endToEnd] = [build(), build(), build()];
  const stop = new AbortController();
  const copying = Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) =>
      copyPartition(kafka, partition, Number.POSITIVE_INFINITY, commits, stop.signal),
    ),
  );
  const watcher = new KafkaLog({ connection, log });
  const watch = (topic: string, partition: number, histogram: Histogram) => {
    const reader = watcher.read({ topic, partition }, 0);
    stop.signal.addEventListener("abort", () => reader.close(), { once: true });
    return (async () => {
      for (;;) {
        const batch = await reader.next();
        const now = performance.timeOrigin + performance.now();
        for (const { value } of batch?.records ?? []) {
          const sentAt = Number(value?.toString("latin1", 0, 17));
          if (sentAt > warmUntil) histogram.recordValue(Math.max(0, Math.round((now - sentAt) * 1000)));
        }
      }
    })().catch(() => {});
  };
  const warmUntil = performance.timeOrigin + performance.now() + 5000;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    void watch(input, partition, delivered);
    void watch(output, partition, endToEnd);
  }
  const producer = openProducer(connection, { log });
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  let sent = 0;
  while (performance.now() - startedAt < (seconds + 5) * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate) - sent;
    if (due > 0) {
      const stamp = (performance.timeOrigin + performance.now()).toFixed(3).padStart(17, "0");
      const records = Array.from({ length: due }, () => ({
        ...message(),
        value: Buffer.from(`${stamp} ${"x".repeat(70)}`),
      }));
      sent += due;
      await producer.send(input, records);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  report("sent", sent, performance.now() - startedAt, process.cpuUsage(cpuBefore));
  await new Promise((resolve) => setTimeout(resolve, 500));
  stop.abort();
  await copying;
  console.log(`produce to reader of the input: ${milliseconds(delivered)}`);
  console.log(`commit: ${milliseconds(commits)}`);
  console.log(`produce to read_committed reader of the output: ${milliseconds(endToEnd)}`);
  await Promise.all([producer.close(), kafka.close(), watcher.close()]);
};

const admin = openAdmin(connection, { log });
await admin.create([input, output].map((name) => ({ name, partitions: PARTITIONS, replication: 1, config: {} })));
await admin.close();
await (positionals[0] === "latency" ? latency() : throughput());
