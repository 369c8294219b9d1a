/** A plain idempotent producer: each record stored once and acknowledged by all in-sync replicas, no transaction. */
import { setTimeout as delay } from "node:timers/promises";
import { type Header, partitionFor } from "@weir/schema";
import { type OutputRecord, RetryLater, TopicMissing } from "@weir/stream";
import { type KafkaConnection, type LogFunction, openKafka } from "./connection.ts";
import { type Cluster, errorText, errorType, openCluster } from "./kafkajs.ts";
import { PackedOutputs, planProduce } from "./packed-outputs.ts";
import { BatchEncoder, type EncodedBatch, type ProduceOutcome, sendBatches } from "./produce-request.ts";
import { throttledLog } from "./throttled-log.ts";
import { settled, within } from "./within.ts";

export type ProducerRecord = {
  readonly key: Buffer | null;
  readonly value: Buffer;
  /** Null: by the key, as Kafka's default partitioner does; a record without a key goes round. */
  readonly partition: number | null;
  /** ms since the epoch; the present when left out. */
  readonly timestampMs?: number;
  readonly headers?: readonly Header[];
};

export interface Producer {
  /**
   * Resolves when all are stored; order is kept within a partition and call. Rejects when that could not be made
   * certain: some may be stored. Repeats by itself for up to a minute, and what it repeats is not stored twice.
   */
  send(topic: string, records: readonly ProducerRecord[]): Promise<void>;
  partitions(topic: string): Promise<number>;
  close(): Promise<void>;
}

const CALL_TIMEOUT_MS = 15_000;
const SEND_TIMEOUT_MS = 60_000;
const RETRY_MS = 100;

/** The broker has it already: the answer to an earlier attempt was lost. */
const DUPLICATE_SEQUENCE_NUMBER = 46;
/**
 * Codes after which the same bytes may succeed: leader moved or not there yet, too few replicas, storage or time-out
 * trouble. Any other code would come again.
 */
const RETRIABLE: ReadonlySet<number> = new Set([3, 5, 6, 7, 13, 14, 15, 16, 19, 20, 56, 72, 74, 75, 100]);

export const openProducer = (connection: KafkaConnection, { log }: { log: LogFunction }): Producer =>
  new IdempotentProducer(openCluster(openKafka(connection, log)), throttledLog(log));

/**
 * One request under way at a time: the broker recognises a repeated batch by its sequence numbers, which are given out
 * once, so a batch must be settled before its successor is sent.
 */
class IdempotentProducer implements Producer {
  readonly #cluster: Cluster;
  readonly #log: LogFunction;
  #encoder: BatchEncoder | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #nextPartition = 0;
  #closed = false;

  constructor(cluster: Cluster, log: LogFunction) {
    this.#cluster = cluster;
    this.#log = log;
  }

  send(topic: string, records: readonly ProducerRecord[]): Promise<void> {
    const sent = this.#turn.then(() => this.#send(topic, records));
    this.#turn = sent.catch(() => {});
    return sent;
  }

  async partitions(topic: string): Promise<number> {
    try {
      return await within(CALL_TIMEOUT_MS, this.#countPartitions(topic), `partitions of ${topic}`);
    } catch (error) {
      if (errorType(error) === "UNKNOWN_TOPIC_OR_PARTITION") throw new TopicMissing(`no topic ${topic}`);
      throw new RetryLater(errorText(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await settled(2000, this.#cluster.disconnect());
  }

  async #countPartitions(topic: string): Promise<number> {
    await this.#cluster.connect();
    await this.#cluster.addMultipleTargetTopics([topic]);
    const count = this.#cluster.findTopicPartitionMetadata(topic).length;
    if (count === 0) throw new Error(`no metadata of ${topic}`);
    return count;
  }

  async #send(topic: string, records: readonly ProducerRecord[]): Promise<void> {
    if (records.length === 0) return;
    const deadline = performance.now() + SEND_TIMEOUT_MS;
    try {
      const partitions = await this.#repeat(deadline, () => this.#countPartitions(topic));
      this.#encoder ??= await this.#repeat(deadline, () => this.#newEncoder(topic));
      const encoder = this.#encoder;
      const packed = new PackedOutputs();
      for (const record of records) packed.push(this.#place(topic, record, partitions));
      for (const round of planProduce([packed])) {
        await this.#settle(
          round.map((planned) => encoder.encode(planned)),
          deadline,
        );
      }
    } catch (error) {
      // What became of the last sequence numbers is not known: begin anew under another producer id.
      this.#encoder = null;
      throw error;
    }
  }

  #place(topic: string, record: ProducerRecord, partitions: number): OutputRecord {
    const { key, value, headers = [], timestampMs = -1 } = record;
    let { partition } = record;
    partition ??= key === null ? this.#nextPartition++ % partitions : partitionFor(key, partitions);
    return { topic, partition, key, value, headers, timestampMs };
  }

  async #newEncoder(topic: string): Promise<BatchEncoder> {
    const leader = this.#cluster.findTopicPartitionMetadata(topic)[0]?.leader;
    if (leader === undefined) throw new Error(`no metadata of ${topic}`);
    const broker = await this.#cluster.findBroker({ nodeId: leader });
    const identity = await broker.initProducerId({ transactionalId: undefined, transactionTimeout: SEND_TIMEOUT_MS });
    return new BatchEncoder({ producerId: Number(identity.producerId), producerEpoch: identity.producerEpoch }, false);
  }

  async #settle(batches: readonly EncodedBatch[], deadline: number): Promise<void> {
    let left = batches;
    await this.#repeat(deadline, async () => {
      const outcomes = await sendBatches(this.#cluster, null, left);
      const failed = outcomes.filter(({ errorCode }) => errorCode !== 0 && errorCode !== DUPLICATE_SEQUENCE_NUMBER);
      const fatal = failed.find(({ errorCode }) => !RETRIABLE.has(errorCode));
      if (fatal !== undefined) throw new Refused(fatal);
      left = left.filter((batch) => failed.some((outcome) => isOf(batch, outcome)));
      if (left.length > 0) throw new Error(`produce failed with error code ${failed[0]?.errorCode}`);
    });
  }

  async #repeat<T>(deadline: number, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof Refused) throw error;
        if (this.#closed || performance.now() > deadline) throw new RetryLater(errorText(error), { cause: error });
        this.#log("warn", "cannot produce, trying again", { error: errorText(error) });
      }
      await delay(RETRY_MS);
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    try {
      await this.#cluster.connect();
      await this.#cluster.refreshMetadata();
    } catch {
      // The next attempt tells what is wrong.
    }
  }
}

/** The broker will not take it, however often it is asked. */
class Refused extends Error {
  override readonly name = "Refused";
  constructor({ topic, partition, errorCode }: ProduceOutcome) {
    super(`produce to ${topic}/${partition} was refused with error code ${errorCode}`);
  }
}

const isOf = (batch: EncodedBatch, outcome: ProduceOutcome): boolean =>
  batch.topic === outcome.topic && batch.partition === outcome.partition;
