/** One Fetch request at one broker, and what its answers mean. */
import { writeInt64 } from "./bytes.ts";
import { decodeFetchResponse, type FetchResponse } from "./fetch-codec.ts";
import { type Cluster, READ_COMMITTED, sendOrDrop } from "./kafkajs.ts";

export type FetchPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The first batch comes whole even if it is larger. */
  readonly maxBytes: number;
};

export type FetchOptions = {
  /** How long the broker may wait for a first byte, ms. */
  readonly maxWaitMs: number;
  /** Of the whole response. */
  readonly maxBytes: number;
};

const FETCH = { apiKey: 1, apiVersion: 11, apiName: "Fetch" } as const;

/** Codes of the protocol after which the same request may succeed with newer metadata, or a little later. */
const RETRIABLE: ReadonlySet<number> = new Set([
  3, // UNKNOWN_TOPIC_OR_PARTITION: not known there yet, or no longer
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_OR_FOLLOWER
  7, // REQUEST_TIMED_OUT
  9, // REPLICA_NOT_AVAILABLE
  56, // KAFKA_STORAGE_ERROR
  74, // FENCED_LEADER_EPOCH
  75, // UNKNOWN_LEADER_EPOCH
  78, // OFFSET_NOT_AVAILABLE
  100, // UNKNOWN_TOPIC_ID
]);

export type FetchVerdict = "ok" | "out-of-range" | "retry" | "fail";

export const fetchVerdict = (errorCode: number): FetchVerdict => {
  if (errorCode === 0) return "ok";
  if (errorCode === 1) return "out-of-range";
  return RETRIABLE.has(errorCode) ? "retry" : "fail";
};

export const encodeFetchRequest = (positions: readonly FetchPosition[], options: FetchOptions): Buffer => {
  const topics = Map.groupBy(positions, (position) => position.topic);
  let size = 35;
  for (const topic of topics.keys()) size += 6 + Buffer.byteLength(topic);
  size += positions.length * 28;
  const bytes = Buffer.alloc(size);
  let at = bytes.writeInt32BE(-1, 0); // a consumer, not a replica
  at = bytes.writeInt32BE(options.maxWaitMs, at);
  at = bytes.writeInt32BE(1, at); // min bytes
  at = bytes.writeInt32BE(options.maxBytes, at);
  at = bytes.writeInt8(READ_COMMITTED, at);
  at = bytes.writeInt32BE(0, at); // no session
  at = bytes.writeInt32BE(-1, at);
  at = bytes.writeInt32BE(topics.size, at);
  for (const [topic, list] of topics) {
    at = bytes.writeInt16BE(Buffer.byteLength(topic), at);
    at += bytes.write(topic, at);
    at = bytes.writeInt32BE(list.length, at);
    for (const position of list) {
      at = bytes.writeInt32BE(position.partition, at);
      at = bytes.writeInt32BE(-1, at); // leader epoch: unchecked
      writeInt64(bytes, position.offset, at);
      writeInt64(bytes, -1, at + 8); // log start offset: for replicas
      at = bytes.writeInt32BE(position.maxBytes, at + 16);
    }
  }
  at = bytes.writeInt32BE(0, at); // forgotten topics
  bytes.writeInt16BE(0, at); // rack
  return bytes;
};

/** Throws when the broker cannot be reached or does not answer in time. Metadata are the caller's to refresh. */
export const fetchOnce = async (
  cluster: Cluster,
  nodeId: number,
  positions: readonly FetchPosition[],
  options: FetchOptions,
  answerTimeoutMs = 10_000,
): Promise<FetchResponse> => {
  const broker = await cluster.findBroker({ nodeId });
  const body = encodeFetchRequest(positions, options);
  return sendOrDrop<FetchResponse>(broker, {
    request: { ...FETCH, encode: async () => ({ buffer: body }) },
    response: { decode: async (payload) => decodeFetchResponse(payload), parse: async (decoded) => decoded },
    requestTimeout: options.maxWaitMs + answerTimeoutMs,
    logResponseError: false,
  });
};

/** The broker that leads the partition by the metadata at hand; null when they do not say. */
export const leaderOf = (cluster: Cluster, topic: string, partition: number): number | null => {
  let known: ReturnType<Cluster["findTopicPartitionMetadata"]>;
  try {
    known = cluster.findTopicPartitionMetadata(topic);
  } catch {
    return null; // no metadata yet
  }
  const leader = known.find((metadata) => metadata.partitionId === partition)?.leader ?? -1;
  return leader < 0 ? null : leader;
};
