/** The port of packages/stream over Kafka. */
import { setTimeout as delay } from "node:timers/promises";
import {
  type CommittedOffset,
  type JoinRequest,
  type Log,
  type Membership,
  type OutputList,
  type Reader,
  RetryLater,
  TopicMissing,
  type TopicPartition,
  type Writer,
} from "@weir/stream";
import { type KafkaConnection, type LogFunction, openKafka } from "./connection.ts";
import { Feed } from "./feed.ts";
import { leaderOf } from "./fetcher.ts";
import { GroupMembership } from "./group.ts";
import { type Cluster, errorText, errorType, type KafkaJs, openCluster, READ_COMMITTED } from "./kafkajs.ts";
import { PackedOutputs } from "./packed-outputs.ts";
import { RangeReader } from "./range-reader.ts";
import { throttledLog } from "./throttled-log.ts";
import { together } from "./together.ts";
import { readTopicId } from "./topic-id.ts";
import { settled, TookTooLong, within } from "./within.ts";
import { TransactionalWriter } from "./writer.ts";

export type KafkaLogOptions = {
  readonly connection: KafkaConnection;
  readonly log: LogFunction;
  /** A member that is silent for so long has left the group, ms. Default 10,000. */
  readonly sessionTimeoutMs?: number;
  /** For all members to join again once a rebalance has begun, ms. Default 15,000. */
  readonly rebalanceTimeoutMs?: number;
  /** The broker aborts a transaction that is open for longer, ms. Default 30,000. */
  readonly transactionTimeoutMs?: number;
  /** For one commit, ms. Default two thirds of the transaction timeout. */
  readonly commitTimeoutMs?: number;
  /** For any other call, ms. Default 15,000. */
  readonly callTimeoutMs?: number;
  /** A reader without an answer for so long throws RetryLater, ms. Default 30,000. */
  readonly stallMs?: number;
  /** Of one partition in one response, bytes. Default 1 MiB. */
  readonly fetchMaxBytes?: number;
  /** In one batch of a reader. Default 1,000: few enough to be dealt with before the collector meets them. */
  readonly batchMaxRecords?: number;
  /** Default true. */
  readonly checkChecksums?: boolean;
};

type Bounds = { readonly start: number; readonly end: number };
type OfGroup = TopicPartition & { readonly group: string };
/** `leader`: the node's id. */
type AtLeader = TopicPartition & { readonly leader: number };

const RETRY_MS = 100;
const EARLIEST = -2;
const LATEST = -1;

export class KafkaLog implements Log {
  readonly #kafka: KafkaJs.Kafka;
  readonly #options: Required<KafkaLogOptions>;
  /** Long polls hold up a connection, so the feed has its own. */
  readonly #feedCluster: Cluster;
  readonly #cluster: Cluster;
  readonly #feed: Feed;
  readonly #members = new Set<GroupMembership>();
  readonly #readers = new Set<Reader>();
  readonly #askCommitted = together(
    ({ group }: OfGroup) => group,
    (inputs) => committedOffsets(this.#cluster, inputs),
  );
  readonly #askBounds = together(
    ({ leader }: AtLeader) => leader,
    (inputs) => boundsAt(this.#cluster, inputs),
  );
  #closing: Promise<void> | null = null;

  /** Opens no connection yet: each call does what it needs, and waits for the log within its own time. */
  constructor(options: KafkaLogOptions) {
    const transactionTimeoutMs = options.transactionTimeoutMs ?? 30_000;
    this.#options = {
      ...options,
      log: throttledLog(options.log),
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 15_000,
      transactionTimeoutMs,
      commitTimeoutMs: options.commitTimeoutMs ?? Math.floor((transactionTimeoutMs * 2) / 3),
      callTimeoutMs: options.callTimeoutMs ?? 15_000,
      stallMs: options.stallMs ?? 30_000,
      fetchMaxBytes: options.fetchMaxBytes ?? 1024 * 1024,
      batchMaxRecords: options.batchMaxRecords ?? 1_000,
      checkChecksums: options.checkChecksums ?? true,
    };
    this.#kafka = openKafka(options.connection, options.log);
    this.#feedCluster = openCluster(this.#kafka);
    this.#cluster = openCluster(this.#kafka);
    this.#feed = new Feed(this.#feedCluster, {
      log: this.#options.log,
      maxBytes: this.#options.fetchMaxBytes,
      maxRecords: this.#options.batchMaxRecords,
      checkChecksums: this.#options.checkChecksums,
      stallMs: this.#options.stallMs,
    });
  }

  async join(request: JoinRequest): Promise<Membership> {
    this.#assertOpen();
    const membership = new GroupMembership(this.#kafka, request, this.#options);
    this.#members.add(membership);
    await membership.begin();
    this.#assertOpen();
    return membership;
  }

  openWriter(transactionalId: string, group: string): Promise<Writer> {
    this.#assertOpen();
    return TransactionalWriter.open(openCluster(this.#kafka), {
      transactionalId,
      group,
      transactionTimeoutMs: this.#options.transactionTimeoutMs,
      commitTimeoutMs: this.#options.commitTimeoutMs,
      openTimeoutMs: this.#options.callTimeoutMs,
    });
  }

  outputs(): OutputList {
    return new PackedOutputs();
  }

  committed(group: string, input: TopicPartition): Promise<CommittedOffset | null> {
    return this.#call(`committed offset of ${input.topic}/${input.partition}`, () =>
      this.#askCommitted({ group, ...input }),
    );
  }

  bounds(input: TopicPartition): Promise<Bounds> {
    return this.#call(`bounds of ${input.topic}/${input.partition}`, async () => {
      await this.#cluster.addMultipleTargetTopics([input.topic]);
      const leader = leaderOf(this.#cluster, input.topic, input.partition);
      if (leader === null) throw new Error("no leader");
      return this.#askBounds({ leader, ...input });
    });
  }

  read(input: TopicPartition, from: number, to?: number): Reader {
    this.#assertOpen();
    if (to === undefined) return this.#feed.follow(input, from);
    const reader = new RangeReader(this.#cluster, input, from, to, {
      maxBytes: this.#options.fetchMaxBytes,
      maxRecords: this.#options.batchMaxRecords,
      checkChecksums: this.#options.checkChecksums,
      stallMs: this.#options.stallMs,
    });
    this.#readers.add(reader);
    return {
      next: () => reader.next(),
      more: () => reader.more(),
      close: () => {
        reader.close();
        this.#readers.delete(reader);
      },
    };
  }

  partitions(topic: string): Promise<number> {
    return this.#call(
      `partitions of ${topic}`,
      async () => {
        await this.#cluster.addMultipleTargetTopics([topic]);
        await this.#cluster.refreshMetadata();
        const count = this.#cluster.findTopicPartitionMetadata(topic).length;
        if (count === 0) throw new Error("no metadata");
        return count;
      },
      (error) => (errorType(error) === "UNKNOWN_TOPIC_OR_PARTITION" ? new TopicMissing(`no topic ${topic}`) : null),
    );
  }

  topicId(topic: string): Promise<string> {
    return this.#call(
      `id of ${topic}`,
      async () => {
        const id = await readTopicId(await this.#cluster.brokerPool.findConnectedBroker(), topic);
        if (id === null) throw new TopicMissing(`no topic ${topic}`);
        return id;
      },
      (error) => (error instanceof TopicMissing ? error : null),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#feed.close();
    for (const reader of this.#readers) reader.close();
    await Promise.all([...this.#members].map((membership) => membership.leave()));
    const clusters = [this.#feedCluster, this.#cluster];
    // kafkajs waits for what is under way; a long poll or a dead broker is not worth waiting for.
    await Promise.all(clusters.map((cluster) => settled(2000, cluster.disconnect())));
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new RetryLater("the log is closed");
  }

  /** Repeats `attempt` until the deadline of a call; then RetryLater with the last error. `final` names an error not to repeat. */
  async #call<T>(what: string, attempt: () => Promise<T>, final?: (error: unknown) => Error | null): Promise<T> {
    this.#assertOpen();
    const deadline = performance.now() + this.#options.callTimeoutMs;
    const left = () => Math.max(Math.round(deadline - performance.now()), 1);
    let lastError: unknown = null;
    for (;;) {
      try {
        return await within(left(), this.#connected(attempt), what);
      } catch (error) {
        const end = final?.(error);
        if (end) throw end;
        lastError = error instanceof TookTooLong ? (lastError ?? error) : error;
      }
      if (this.#closing !== null || left() <= RETRY_MS) {
        throw new RetryLater(`${what}: ${errorText(lastError)}`, { cause: lastError });
      }
      // kafkajs keeps a connection that no longer answers.
      if (errorText(lastError).includes("RequestTimeout")) await settled(1000, this.#cluster.disconnect());
      await delay(RETRY_MS);
      await settled(left(), this.#cluster.refreshMetadata());
    }
  }

  async #connected<T>(attempt: () => Promise<T>): Promise<T> {
    await this.#cluster.connect();
    return attempt();
  }
}

/** Of one group and topic. */
async function committedOffsets(
  cluster: Cluster,
  inputs: readonly OfGroup[],
): Promise<readonly (CommittedOffset | null)[]> {
  const { group, topic } = inputs[0] as OfGroup;
  const coordinator = await cluster.findGroupCoordinator({ groupId: group });
  const partitions = inputs.map(({ partition }) => ({ partition }));
  const answer = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions }] });
  return inOrder(inputs, answer.responses).map(({ offset, metadata }) =>
    Number(offset) < 0 ? null : { offset: Number(offset), tag: metadata ?? "" },
  );
}

/** Of one topic, at one leader. */
async function boundsAt(cluster: Cluster, inputs: readonly AtLeader[]): Promise<readonly Bounds[]> {
  const { leader: nodeId, topic } = inputs[0] as AtLeader;
  const leader = await cluster.findBroker({ nodeId });
  const list = async (timestamp: number): Promise<number[]> => {
    const partitions = inputs.map(({ partition }) => ({ partition, timestamp }));
    const answer = await leader.listOffsets({ isolationLevel: READ_COMMITTED, topics: [{ topic, partitions }] });
    return inOrder(inputs, answer.responses).map(({ offset }) => Number(offset));
  };
  const [starts, ends] = await Promise.all([list(EARLIEST), list(LATEST)]);
  return starts.map((start, at) => ({ start, end: ends[at] as number }));
}

function inOrder<One extends { readonly partition: number }>(
  inputs: readonly TopicPartition[],
  answered: readonly { readonly partitions: readonly One[] }[],
): One[] {
  return inputs.map(({ partition }) => {
    const found = answered[0]?.partitions.find((one) => one.partition === partition);
    if (found === undefined) throw new Error("the answer leaves a partition out");
    return found;
  });
}
