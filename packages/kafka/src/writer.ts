/**
 * The transactional writer of one transactional id, spoken straight over kafkajs's connections.
 *
 * Guarantees kept here:
 * - open() fences: InitProducerId has raised the epoch and settled the older owner's transaction when it resolves.
 * - Nothing is produced into a partition, and no offset is sent, before the coordinator has taken that partition, or the
 *   group, into the transaction.
 * - EndTxn is sent only after all produced batches and the offsets are acknowledged, and never after commit() has
 *   answered. Before it is sent any trouble is "failed": the transaction is open, and the next open() or its timeout
 *   aborts it. From then on any trouble is "unknown".
 * - After trouble the writer sends no more. A request is repeated only where the broker has said that it did nothing.
 *
 * kafkajs's own producer asks for the coordinator before each step and takes the steps one after the other: eight round
 * trips. Here they are three, each of two requests side by side: partitions and group into the transaction; records and
 * offsets; end. The broker orders none of the two before the other.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type CommitPart, type CommitResult, RetryLater, type Writer } from "@weir/stream";
import { type Broker, type Cluster, COORDINATOR, errorText, errorType, type OffsetsToCommit } from "./kafkajs.ts";
import { PackedOutputs, type PlannedBatch, planProduce } from "./packed-outputs.ts";
import { BatchEncoder, sendBatches } from "./produce-request.ts";
import { settled, within } from "./within.ts";

export type WriterOptions = {
  readonly transactionalId: string;
  readonly group: string;
  /** The broker aborts a transaction that is open for longer, ms. */
  readonly transactionTimeoutMs: number;
  /** For open(), ms. */
  readonly openTimeoutMs: number;
  /** For one commit, ms; shorter than the transaction timeout. */
  readonly commitTimeoutMs: number;
};

/** The broker did nothing: it is settling the transaction before, or its coordinator is just coming up. */
const BUSY: ReadonlySet<string> = new Set([
  "CONCURRENT_TRANSACTIONS",
  "COORDINATOR_LOAD_IN_PROGRESS",
  "GROUP_LOAD_IN_PROGRESS",
]);
/** The broker did nothing: another one is the coordinator. */
const MOVED: ReadonlySet<string> = new Set([
  "NOT_COORDINATOR",
  "NOT_COORDINATOR_FOR_GROUP",
  "COORDINATOR_NOT_AVAILABLE",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
]);

/** The broker did nothing: it does not lead the partition, or not yet. */
const NOT_LEADER: ReadonlySet<number> = new Set([3, 5, 6]);

/** Produce requests under way at one broker; it remembers the sequence numbers of five. */
const PIPELINE = 4;

export class TransactionalWriter implements Writer {
  readonly #cluster: Cluster;
  readonly #options: WriterOptions;
  readonly #topics = new Set<string>();
  #coordinator: Broker | null = null;
  #groupCoordinator: Broker | null = null;
  #producerId = "-1";
  #producerEpoch = -1;
  #encoder: BatchEncoder | null = null;
  #state: "open" | "committing" | "spent" | "closed" = "open";

  private constructor(cluster: Cluster, options: WriterOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Takes over the cluster, and disconnects it on close(). Throws RetryLater. */
  static async open(cluster: Cluster, options: WriterOptions): Promise<TransactionalWriter> {
    const writer = new TransactionalWriter(cluster, options);
    try {
      await within(options.openTimeoutMs, writer.#initialise(), `opening writer ${options.transactionalId}`);
      return writer;
    } catch (error) {
      await writer.close();
      throw new RetryLater(`writer ${options.transactionalId} could not be opened: ${errorText(error)}`, {
        cause: error,
      });
    }
  }

  async #initialise(): Promise<void> {
    await this.#cluster.connect();
    const { transactionalId, transactionTimeoutMs } = this.#options;
    const { producerId, producerEpoch } = await this.#atCoordinator((coordinator) =>
      coordinator.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs }),
    );
    this.#producerId = producerId;
    this.#producerEpoch = producerEpoch;
    this.#encoder = new BatchEncoder({ producerId: Number(producerId), producerEpoch }, true);
    this.#groupCoordinator = await this.#cluster.findGroupCoordinator({ groupId: this.#options.group });
  }

  async commit(parts: readonly CommitPart[]): Promise<{ readonly result: CommitResult; readonly error?: unknown }> {
    if (this.#state !== "open") return { result: "failed", error: new Error(`writer is ${this.#state}`) };
    if (parts.length === 0) return { result: "committed" };
    this.#state = "committing";
    const progress = { ending: false };
    try {
      await within(this.#options.commitTimeoutMs, this.#transact(parts, progress), "commit");
      if (this.#isCommitting()) this.#state = "open";
      return { result: "committed" };
    } catch (error) {
      // Also stops what is still under way: #transact looks at the state before each step.
      if (this.#isCommitting()) this.#state = "spent";
      return { result: progress.ending ? "unknown" : "failed", error };
    }
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    // kafkajs waits for what is under way, and a broker that hangs is not worth waiting for.
    await settled(1000, this.#cluster.disconnect());
  }

  async #transact(parts: readonly CommitPart[], progress: { ending: boolean }): Promise<void> {
    const rounds = planProduce(parts.map(({ outputs }) => PackedOutputs.of(outputs)));
    await Promise.all([this.#produce(rounds), this.#sendOffsets(parts)]);
    this.#assertCommitting();
    const coordinator = await this.#findCoordinator();
    this.#assertCommitting();
    progress.ending = true;
    await coordinator.endTxn({ ...this.#identity, transactionResult: true });
  }

  async #produce(rounds: readonly (readonly PlannedBatch[])[]): Promise<void> {
    const first = rounds[0];
    if (first === undefined) return;
    await this.#learnTopics(first);
    const topics = [...Map.groupBy(first, (batch) => batch.topic)].map(([topic, list]) => ({
      topic,
      partitions: list.map((batch) => batch.partition),
    }));
    await this.#atCoordinator((coordinator) => coordinator.addPartitionsToTxn({ ...this.#identity, topics }));
    // The first round goes alone: by its answer the leaders are known to be in office.
    await this.#produceRound(first, true);
    const underWay: Promise<void>[] = [];
    for (const round of rounds.slice(1)) {
      if (underWay.length >= PIPELINE) await underWay.shift();
      this.#assertCommitting();
      const sent = this.#produceRound(round, false);
      sent.catch(() => {}); // awaited below, or not at all once an earlier one has failed
      underWay.push(sent);
    }
    await Promise.all(underWay);
  }

  async #produceRound(round: readonly PlannedBatch[], repeat: boolean): Promise<void> {
    const encoder = this.#encoder;
    if (encoder === null) throw new Error("writer is not initialised");
    let left = round.map((planned) => encoder.encode(planned));
    for (let waitMs = 5; ; waitMs = Math.min(waitMs * 2, 200)) {
      const outcomes = await sendBatches(this.#cluster, this.#options.transactionalId, left);
      const failed = outcomes.filter(({ errorCode }) => errorCode !== 0);
      const worst = failed.find(({ errorCode }) => !repeat || !NOT_LEADER.has(errorCode));
      if (worst !== undefined) {
        throw new Error(`produce to ${worst.topic}/${worst.partition} failed with error code ${worst.errorCode}`);
      }
      if (failed.length === 0) return;
      left = left.filter((batch) =>
        failed.some(({ topic, partition }) => batch.topic === topic && batch.partition === partition),
      );
      await delay(waitMs);
      this.#assertCommitting();
      await this.#cluster.refreshMetadata();
    }
  }

  async #sendOffsets(parts: readonly CommitPart[]): Promise<void> {
    const groupId = this.#options.group;
    await this.#atCoordinator((coordinator) => coordinator.addOffsetsToTxn({ ...this.#identity, groupId }));
    const topics: OffsetsToCommit = [...Map.groupBy(parts, (part) => part.input.topic)].map(([topic, list]) => ({
      topic,
      partitions: list.map((part) => ({
        partition: part.input.partition,
        offset: String(part.next),
        metadata: part.tag,
      })),
    }));
    await this.#repeat(
      async () => (this.#groupCoordinator ??= await this.#cluster.findGroupCoordinator({ groupId })),
      () => {
        this.#groupCoordinator = null;
      },
      (coordinator) => coordinator.txnOffsetCommit({ ...this.#identity, groupId, topics }),
    );
  }

  get #identity() {
    const { transactionalId } = this.#options;
    return { transactionalId, producerId: this.#producerId, producerEpoch: this.#producerEpoch };
  }

  async #learnTopics(batches: readonly PlannedBatch[]): Promise<void> {
    const unknown = batches.map(({ topic }) => topic).filter((topic) => !this.#topics.has(topic));
    if (unknown.length === 0) return;
    await this.#cluster.addMultipleTargetTopics(unknown);
    for (const topic of unknown) this.#topics.add(topic);
  }

  async #findCoordinator(): Promise<Broker> {
    this.#coordinator ??= await this.#cluster.findGroupCoordinator({
      groupId: this.#options.transactionalId,
      coordinatorType: COORDINATOR.transaction,
    });
    return this.#coordinator;
  }

  #atCoordinator<T>(request: (coordinator: Broker) => Promise<T>): Promise<T> {
    const forget = () => {
      this.#coordinator = null;
    };
    return this.#repeat(() => this.#findCoordinator(), forget, request);
  }

  /** Bounded by the caller's deadline, which spends or closes the writer. */
  async #repeat<T>(
    find: () => Promise<Broker>,
    forget: () => void,
    request: (coordinator: Broker) => Promise<T>,
  ): Promise<T> {
    for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 100)) {
      const coordinator = await find();
      this.#assertUsable();
      try {
        return await request(coordinator);
      } catch (error) {
        const type = errorType(error);
        if (MOVED.has(type)) forget();
        else if (!BUSY.has(type)) throw error;
      }
      await delay(waitMs);
      this.#assertUsable();
    }
  }

  #isCommitting(): boolean {
    return this.#state === "committing";
  }

  #assertCommitting(): void {
    if (this.#state !== "committing") throw new Error(`writer is ${this.#state}`);
  }

  #assertUsable(): void {
    if (this.#state === "spent" || this.#state === "closed") throw new Error(`writer is ${this.#state}`);
  }
}
