/**
 * The one place that loads kafkajs 2.2.4, mending what it gets wrong, and the types of the internals
 * that this package stands on. The version is pinned: another one needs this file read again.
 *
 * Mended here:
 * - Connection.connect opens a second socket when called twice at once, and leaks the first: one attempt is shared;
 * - a Connection that opens anew still holds the half of a response that the old socket had brought, and goes on taking
 *   bytes from it: the old socket and its bytes are dropped;
 * - RequestQueue re-arms a timer for ever, with a negative delay (a process warning) and a wake-up each ms: only
 *   while something waits;
 * - each RequestQueue has a timer that looks ten times a second for requests that have timed out, and an idle detector a
 *   dozen connections: one timer looks through those of all;
 * - a request's body is copied twice on its way to the socket, each time into a buffer of up to twice its size: its
 *   large pieces are handed to the socket as they are;
 * - a metadata request that names no topic asks for all of the cluster's, and fails if one of them, anybody's, has no
 *   leader: it asks for none.
 */
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type * as KafkaJs from "kafkajs";
import { settled } from "./within.ts";

const require = createRequire(import.meta.url);

/** What is written after the buffer that kafkajs writes. */
const piecesAfter = new WeakMap<object, readonly Buffer[]>();

/** The pieces that belong to a request which begins with `written`. */
export const restOfRequest = (written: unknown): readonly Buffer[] =>
  (typeof written === "object" && written !== null ? piecesAfter.get(written) : undefined) ?? [];

type Request = ProtocolRequest<unknown>["request"];
type ToFrame = { readonly correlationId: number; readonly clientId: string; readonly request: Request };
/** Format: https://kafka.apache.org/protocol#protocol_messages, request header 1. */
const framed = async ({ correlationId, clientId, request }: ToFrame): Promise<{ readonly buffer: Buffer }> => {
  const { buffer: body, rest = [] } = await request.encode();
  const restBytes = rest.reduce((sum, piece) => sum + piece.length, 0);
  const name = Buffer.from(clientId);
  const frame = Buffer.allocUnsafe(14 + name.length + body.length);
  frame.writeInt32BE(frame.length - 4 + restBytes, 0);
  frame.writeInt16BE(request.apiKey, 4);
  frame.writeInt16BE(request.apiVersion, 6);
  frame.writeInt32BE(correlationId, 8);
  frame.writeInt16BE(name.length, 12);
  frame.set(name, 14);
  frame.set(body, 14 + name.length);
  if (rest.length > 0) piecesAfter.set(frame, rest);
  return { buffer: frame };
};
/** Before the connection is loaded, which takes it. */
const requestPath = require.resolve("kafkajs/src/protocol/request");
require(requestPath);
(require.cache[requestPath] as NodeJS.Module).exports = framed;

type ConnectionPrototype = {
  socket?: Socket;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  isConnected(): boolean;
  connect(): Promise<unknown>;
};
const connectionClass = require("kafkajs/src/network/connection") as { prototype: ConnectionPrototype };
const openConnection = connectionClass.prototype.connect;
const opening = new WeakMap<object, Promise<unknown>>();
connectionClass.prototype.connect = function connect(this: ConnectionPrototype) {
  const running = opening.get(this);
  if (running !== undefined) return running;
  if (!this.isConnected()) forgetSocket(this);
  const attempt = openConnection.call(this).finally(() => opening.delete(this));
  opening.set(this, attempt);
  return attempt;
};

const forgetSocket = (connection: ConnectionPrototype): void => {
  connection.socket?.removeAllListeners("data").removeAllListeners("end").destroy();
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.bytesNeeded = 4;
};

type RequestQueuePrototype = {
  readonly enforceRequestTimeout: boolean;
  readonly inflight: ReadonlyMap<number, InflightRequest>;
  pending: readonly unknown[];
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  isConnected(): boolean;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
};
type InflightRequest = { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void };
const requestQueueClass = require("kafkajs/src/network/requestQueue") as { prototype: RequestQueuePrototype };
requestQueueClass.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests() {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
  const waitMs = Math.max(this.throttledUntil - Date.now(), 10);
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, waitMs);
};

const TIMEOUT_CHECK_MS = 100;
/** Of all connections that are open. */
const requestQueues = new Set<RequestQueuePrototype>();
let timeoutChecks: NodeJS.Timeout | undefined;
requestQueueClass.prototype.scheduleRequestTimeoutCheck = function scheduleRequestTimeoutCheck() {
  if (!this.enforceRequestTimeout) return;
  requestQueues.add(this);
  timeoutChecks ??= setInterval(timeRequestsOut, TIMEOUT_CHECK_MS);
};
requestQueueClass.prototype.destroy = function destroy() {
  clearTimeout(this.throttleCheckTimeoutId ?? undefined);
  this.throttleCheckTimeoutId = null;
  requestQueues.delete(this);
  if (requestQueues.size > 0) return;
  clearInterval(timeoutChecks);
  timeoutChecks = undefined;
};

const timeRequestsOut = (): void => {
  const nowMs = Date.now();
  for (const queue of requestQueues) {
    for (const request of queue.inflight.values())
      if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest();
    if (!queue.isConnected()) queue.destroy();
  }
};

type MetadataRequest = (args: { readonly topics: readonly string[]; readonly allowAutoTopicCreation?: boolean }) => {
  encode(): Promise<Encoded>;
};
const Encoder = require("kafkajs/src/protocol/encoder") as new () => {
  writeInt32(value: number): { writeBoolean(value: boolean): Encoded };
};
/** Versions 5 and 6 are made from this one. */
const metadataRequestPath = require.resolve("kafkajs/src/protocol/requests/metadata/v4/request");
const metadataRequest = require(metadataRequestPath) as MetadataRequest;
const namingNoTopic: MetadataRequest = ({ topics, allowAutoTopicCreation = true }) => {
  const request = metadataRequest({ topics, allowAutoTopicCreation });
  // null, which kafkajs writes for an empty list, means all topics
  if (topics.length === 0)
    request.encode = async () => new Encoder().writeInt32(0).writeBoolean(allowAutoTopicCreation);
  return request;
};
(require.cache[metadataRequestPath] as NodeJS.Module).exports = namingNoTopic;

const kafkajs = require("kafkajs") as typeof KafkaJs;
export const { Kafka, logLevel, AssignerProtocol } = kafkajs;
export type { KafkaJs };

/** The versions of a request that a broker takes, both included. */
export type VersionRange = { readonly minVersion: number; readonly maxVersion: number };

const apiKeys = require("kafkajs/src/protocol/requests/apiKeys") as Readonly<Record<string, number>>;
const { requests } = require("kafkajs/src/protocol/requests") as {
  requests: Readonly<Record<string, { readonly versions: readonly string[] }>>;
};
const SENT = [
  ...["Metadata", "CreateTopics", "DescribeConfigs", "ListOffsets", "Fetch", "Produce"],
  ...["GroupCoordinator", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetFetch"],
  ...["InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn"],
];

/** The first version but one that tells a topic's id. */
export const METADATA_WITH_IDS = { apiName: "Metadata", apiKey: 3, apiVersion: 12 } as const;

/** Every request that this package sends, in the newest version that kafkajs knows, which is that of our own ones too but for one. */
export const newestRequests = (): { readonly name: string; readonly apiKey: number; readonly version: number }[] => [
  ...SENT.map((name) => {
    const [apiKey, versions] = [apiKeys[name], requests[name]?.versions];
    if (apiKey === undefined || versions === undefined) throw new Error(`kafkajs has no request ${name}`);
    return { name, apiKey, version: Math.max(...versions.map(Number)) };
  }),
  { ...METADATA_WITH_IDS, name: METADATA_WITH_IDS.apiName, version: METADATA_WITH_IDS.apiVersion },
];

/** A request's body as kafkajs passes it about; `rest`, of our own requests, goes on where `buffer` ends. */
export type Encoded = { readonly buffer: Buffer; readonly rest?: readonly Buffer[] };

export type ProtocolRequest<T> = {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<Encoded>;
  };
  readonly response: { readonly decode: (payload: Buffer) => Promise<T>; readonly parse: (decoded: T) => Promise<T> };
  readonly requestTimeout?: number;
  readonly logResponseError?: boolean;
};

export type TopicPartitions = readonly { readonly topic: string; readonly partitions: readonly number[] }[];
export type OffsetsToCommit = readonly {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string; readonly metadata: string }[];
}[];
type ProducerIdentity = { transactionalId: string; producerId: string; producerEpoch: number };

/** kafkajs's Broker: the methods used here. Each throws a KafkaJSProtocolError with `type` on an error code. */
export type Broker = {
  readonly nodeId: number;
  readonly connectionPool: { send<T>(request: ProtocolRequest<T>): Promise<T> };
  disconnect(): Promise<void>;
  initProducerId(args: {
    transactionalId: string | undefined;
    transactionTimeout: number;
  }): Promise<{ producerId: string; producerEpoch: number }>;
  addPartitionsToTxn(args: ProducerIdentity & { topics: TopicPartitions }): Promise<unknown>;
  addOffsetsToTxn(args: ProducerIdentity & { groupId: string }): Promise<unknown>;
  txnOffsetCommit(args: ProducerIdentity & { groupId: string; topics: OffsetsToCommit }): Promise<unknown>;
  endTxn(args: ProducerIdentity & { transactionResult: boolean }): Promise<unknown>;
  offsetFetch(args: {
    groupId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[];
  }): Promise<{
    responses: readonly { partitions: readonly { partition: number; offset: string; metadata: string | null }[] }[];
  }>;
  listOffsets(args: {
    replicaId?: number;
    isolationLevel: number;
    topics: readonly { topic: string; partitions: readonly { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: readonly { partitions: readonly { partition: number; offset: string }[] }[] }>;
};

/** kafkajs's Cluster: connections to the brokers and what they said about topics. */
export type Cluster = {
  /** What the broker that answered first takes, by api key; null before connect(). */
  readonly brokerPool: {
    readonly versions: Readonly<Record<number, VersionRange>> | null;
    /** Any one; throws when none can be reached. */
    findConnectedBroker(): Promise<Broker>;
  };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  refreshMetadata(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  findBroker(args: { nodeId: number }): Promise<Broker>;
  findGroupCoordinator(args: { groupId: string; coordinatorType?: 0 | 1 }): Promise<Broker>;
};

/** For Cluster.findGroupCoordinator. */
export const COORDINATOR = { group: 0, transaction: 1 } as const;

export const READ_COMMITTED = 1;

/**
 * A Cluster of its own, so connections of its own: the assigner factory of a consumer that never runs is handed one.
 */
export const openCluster = (kafka: KafkaJs.Kafka): Cluster => {
  let cluster: unknown;
  kafka.consumer({
    groupId: "unused",
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (config) => {
        cluster = config.cluster;
        return {
          name: "unused",
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: "unused", metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  if (cluster === undefined) throw new Error("kafkajs: the assigner factory was not called");
  return cluster as Cluster;
};

/**
 * Sends a request of our own making. When it fails the broker's connections are closed: kafkajs keeps one that no
 * longer answers, and would wait on it again.
 */
export const sendOrDrop = async <T>(broker: Broker, request: ProtocolRequest<T>): Promise<T> => {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    await settled(1000, broker.disconnect());
    throw error;
  }
};

/** The protocol's name of the error, such as CONCURRENT_TRANSACTIONS, of the innermost cause; "" when it has none. */
export const errorType = (error: unknown): string => {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error && "type" in inner && typeof inner.type === "string" ? inner.type : "";
};

/** One line for a log: name, protocol error and message, no stack. */
export const errorText = (error: unknown): string => {
  const type = errorType(error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return type === "" || text.includes(type) ? text : `${text} (${type})`;
};
