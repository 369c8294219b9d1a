/** Produce requests (version 7): record batches with their producer's sequence numbers, sent to their leaders. */
import { leaderOf } from "./fetcher.ts";
import { type Cluster, type ProtocolRequest, sendOrDrop } from "./kafkajs.ts";
import type { PlannedBatch } from "./packed-outputs.ts";
import { advanceSequence } from "./record-batch.ts";

export type EncodedBatch = {
  readonly topic: string;
  readonly partition: number;
  readonly header: Buffer;
  readonly records: readonly Buffer[];
  /** Of both, bytes. */
  readonly size: number;
};

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
  encode({ topic, partition, batch }: PlannedBatch): EncodedBatch {
    const key = `${topic}/${partition}`;
    const firstSequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, advanceSequence(firstSequence, batch.count));
    const identity = { ...this.#identity, firstSequence, transactional: this.#transactional };
    return { topic, partition, ...batch.encode(identity) };
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
      const [buffer, ...rest] = encodeProduce(transactionalId, batches, timeoutMs);
      return { buffer, rest };
    },
  },
  response: { decode: async (payload) => decodeProduceResponse(payload), parse: async (decoded) => decoded },
  requestTimeout: timeoutMs,
  logResponseError: false,
});

/** In pieces, so that records are not copied. */
const encodeProduce = (
  transactionalId: string | null,
  batches: readonly EncodedBatch[],
  timeoutMs: number,
): [Buffer, ...Buffer[]] => {
  const topics = Map.groupBy(batches, (batch) => batch.topic);
  const head = Buffer.allocUnsafe(12 + Buffer.byteLength(transactionalId ?? ""));
  let at = head.writeInt16BE(transactionalId === null ? -1 : Buffer.byteLength(transactionalId), 0);
  at += head.write(transactionalId ?? "", at);
  at = head.writeInt16BE(-1, at);
  at = head.writeInt32BE(timeoutMs, at);
  head.writeInt32BE(topics.size, at);
  const pieces: [Buffer, ...Buffer[]] = [head];
  for (const [topic, list] of topics) {
    const length = Buffer.byteLength(topic);
    const named = Buffer.allocUnsafe(6 + length);
    named.writeInt16BE(length, 0);
    named.write(topic, 2);
    named.writeInt32BE(list.length, 2 + length);
    pieces.push(named);
    for (const { partition, header, records, size } of list) {
      const sized = Buffer.allocUnsafe(8);
      sized.writeInt32BE(partition, 0);
      sized.writeInt32BE(size, 4);
      pieces.push(sized, header, ...records);
    }
  }
  return pieces;
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
