/** Produce requests (version 7): records split into batches of bounded size, by partition, and sent to their leaders. */
import type { OutputRecord } from "@weir/stream";
import { leaderOf } from "./fetcher.ts";
import { type Cluster, type ProtocolRequest, sendOrDrop } from "./kafkajs.ts";
import { advanceSequence, encodeRecordBatch, sizeBound } from "./record-batch.ts";

/** A batch of more is split. A larger single record goes alone; the broker's message.max.bytes decides on it. */
export const BATCH_MAX_BYTES = 512 * 1024;
export const BATCH_MAX_RECORDS = 1000;

export type PartitionRecords = {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutputRecord[];
};

/** In rounds: a round holds at most one batch of a partition, and a partition's batches are in the order of its records. */
export const planProduce = (outputs: readonly OutputRecord[]): PartitionRecords[][] => {
  const rounds: PartitionRecords[][] = [];
  for (const [topic, byPartition] of grouped(outputs)) {
    byPartition.forEach((records, partition) => {
      for (const [round, chunk] of chunks(records).entries()) {
        rounds[round] ??= [];
        rounds[round].push({ topic, partition, records: chunk });
      }
    });
  }
  return rounds;
};

/** By topic, then by partition: lists with holes. */
const grouped = (outputs: readonly OutputRecord[]): Map<string, OutputRecord[][]> => {
  const byTopic = new Map<string, OutputRecord[][]>();
  for (const record of outputs) {
    const known = byTopic.get(record.topic);
    const byPartition = known ?? [];
    if (known === undefined) byTopic.set(record.topic, byPartition);
    const records = byPartition[record.partition];
    if (records === undefined) byPartition[record.partition] = [record];
    else records.push(record);
  }
  return byTopic;
};

const chunks = (records: readonly OutputRecord[]): (readonly OutputRecord[])[] => {
  const result: (readonly OutputRecord[])[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, record] of records.entries()) {
    const size = sizeBound(record);
    if (index > start && (bytes + size > BATCH_MAX_BYTES || index - start >= BATCH_MAX_RECORDS)) {
      result.push(records.slice(start, index));
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < records.length) result.push(start === 0 ? records : records.slice(start));
  return result;
};

export type EncodedBatch = { readonly topic: string; readonly partition: number; readonly bytes: Buffer };

export type ProduceOutcome = { readonly topic: string; readonly partition: number; readonly errorCode: number };

export type ProducerIdentity = { readonly producerId: number; readonly producerEpoch: number };

/** One producer id's sequence numbers, which begin at 0 in each partition. */
export class BatchEncoder {
  readonly #identity: ProducerIdentity;
  readonly #transactional: boolean;
  readonly #sequences = new Map<string, number>();

  constructor(identity: ProducerIdentity, transactional: boolean) {
    this.#identity = identity;
    this.#transactional = transactional;
  }

  /** Uses up sequence numbers: what is encoded must be sent, in this order, and repeated as the same bytes. */
  encode({ topic, partition, records }: PartitionRecords, nowMs: number): EncodedBatch {
    const key = `${topic}/${partition}`;
    const firstSequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, advanceSequence(firstSequence, records.length));
    const identity = { ...this.#identity, firstSequence, transactional: this.#transactional };
    return { topic, partition, bytes: encodeRecordBatch(records, identity, nowMs) };
  }
}

const PRODUCE_TIMEOUT_MS = 10_000;

/** One answer for each batch, in no order. Throws when a broker cannot be reached or does not answer. */
export const sendBatches = async (
  cluster: Cluster,
  transactionalId: string | null,
  batches: readonly EncodedBatch[],
): Promise<ProduceOutcome[]> => {
  const byLeader = Map.groupBy(batches, ({ topic, partition }) => {
    const leader = leaderOf(cluster, topic, partition);
    if (leader === null) throw new Error(`${topic}/${partition} has no leader`);
    return leader;
  });
  const answers = [...byLeader].map(async ([nodeId, list]) => {
    const broker = await cluster.findBroker({ nodeId });
    const outcomes = await sendOrDrop(broker, produceRequest(transactionalId, list, PRODUCE_TIMEOUT_MS));
    if (outcomes.length !== list.length) {
      throw new Error(`produce answered for ${outcomes.length} of ${list.length} partitions`);
    }
    return outcomes;
  });
  return (await Promise.all(answers)).flat();
};

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: "Produce" } as const;

/** Acknowledged by all in-sync replicas. */
const produceRequest = (
  transactionalId: string | null,
  batches: readonly EncodedBatch[],
  timeoutMs: number,
): ProtocolRequest<readonly ProduceOutcome[]> => ({
  request: {
    ...PRODUCE,
    encode: async () => {
      const body = encodeProduce(transactionalId, batches, timeoutMs);
      return { buf: body, buffer: body };
    },
  },
  response: { decode: async (payload) => decodeProduceResponse(payload), parse: async (decoded) => decoded },
  requestTimeout: timeoutMs,
  logResponseError: false,
});

const encodeProduce = (transactionalId: string | null, batches: readonly EncodedBatch[], timeoutMs: number): Buffer => {
  const topics = Map.groupBy(batches, (batch) => batch.topic);
  let size = 12 + Buffer.byteLength(transactionalId ?? "");
  for (const topic of topics.keys()) size += 6 + Buffer.byteLength(topic);
  for (const batch of batches) size += 8 + batch.bytes.length;
  const body = Buffer.allocUnsafe(size);
  let at = body.writeInt16BE(transactionalId === null ? -1 : Buffer.byteLength(transactionalId), 0);
  at += body.write(transactionalId ?? "", at);
  at = body.writeInt16BE(-1, at);
  at = body.writeInt32BE(timeoutMs, at);
  at = body.writeInt32BE(topics.size, at);
  for (const [topic, list] of topics) {
    at = body.writeInt16BE(Buffer.byteLength(topic), at);
    at += body.write(topic, at);
    at = body.writeInt32BE(list.length, at);
    for (const { partition, bytes } of list) {
      at = body.writeInt32BE(partition, at);
      at = body.writeInt32BE(bytes.length, at);
      body.set(bytes, at);
      at += bytes.length;
    }
  }
  return body;
};

const decodeProduceResponse = (bytes: Buffer): ProduceOutcome[] => {
  const outcomes: ProduceOutcome[] = [];
  let topics = bytes.readInt32BE(0);
  let at = 4;
  for (; topics > 0; topics--) {
    const length = bytes.readInt16BE(at);
    const topic = bytes.toString("utf8", at + 2, at + 2 + length);
    at += 2 + length;
    let partitions = bytes.readInt32BE(at);
    at += 4;
    // partition, error code, base offset, log append time, log start offset
    for (; partitions > 0; partitions--, at += 30) {
      outcomes.push({ topic, partition: bytes.readInt32BE(at), errorCode: bytes.readInt16BE(at + 4) });
    }
  }
  return outcomes;
};
