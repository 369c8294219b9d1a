/**
 * Membership of a consumer group, and nothing else: kafkajs's consumer joins, keeps its heartbeat and takes part in
 * assignment, but never fetches, since every partition is paused for ever from within the join.
 *
 * - pause happens in GROUP_JOIN, whose listeners run before the first fetch; a restart of the consumer makes a new group
 *   object, so it happens at each one.
 * - A consumer that gives up on an absent broker is replaced by a new one; only other errors end the membership.
 * - A GROUP_JOIN after leave() was called is ignored: its partitions are not ours.
 * - Nor is it trusted to notice that it hangs: a member which had been frozen while its connections were cut was seen to
 *   wait for ever for an answer to a heartbeat. One that hears nothing for a session and a rebalance is replaced too.
 * - kafkajs does not leave a group that it is only just joining: leave() waits for the first join, for a while.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type JoinRequest, type Membership, Unrecoverable } from "@weir/stream";
import type { LogFunction } from "./connection.ts";
import { errorText, type KafkaJs } from "./kafkajs.ts";
import { type Claim, NO_CLAIM, nextClaim, stickyAssigner } from "./sticky-assigner.ts";
import { within } from "./within.ts";

export type GroupOptions = {
  readonly log: LogFunction;
  /** Without a heartbeat for this long the group goes on without the member, ms. */
  readonly sessionTimeoutMs: number;
  /** For all members to join again once a rebalance has begun, ms. */
  readonly rebalanceTimeoutMs: number;
};

/** The others hear of a member that has left with their next one, so it counts among what a take-over takes. */
const HEARTBEAT_MS = 500;
const FIRST_JOIN_WAIT_MS = 6000;
const LEAVE_TIMEOUT_MS = 10_000;
const RETRY_MS = 500;
/**
 * What a broker's absence looks like. kafkajs holds some of these to be final; a new consumer is not troubled by them.
 */
const TRANSIENT: ReadonlySet<string> = new Set([
  "KafkaJSBrokerNotFound",
  "KafkaJSConnectionClosedError",
  "KafkaJSConnectionError",
  "KafkaJSGroupCoordinatorNotFound",
  "KafkaJSLockTimeout",
  "KafkaJSMetadataNotLoaded",
  "KafkaJSNoBrokerAvailableError",
  "KafkaJSNumberOfRetriesExceeded",
  "KafkaJSRequestTimeoutError",
  "KafkaJSTopicMetadataNotLoaded",
]);

/** kafkajs wraps what it gives up on in an error of another name. */
export function isTransient(error: Error): boolean {
  return TRANSIENT.has(error.name) || (error.cause instanceof Error && isTransient(error.cause));
}

export class GroupMembership implements Membership {
  readonly #kafka: KafkaJs.Kafka;
  readonly #request: JoinRequest;
  readonly #options: GroupOptions;
  readonly #log: LogFunction;
  readonly #joined = Promise.withResolvers<void>();
  #consumer: KafkaJs.Consumer;
  #claim: Claim = NO_CLAIM;
  readonly #watch: NodeJS.Timeout;
  /** When the consumer in use began to run, and when the group last answered any. */
  #beganAtMs = performance.now();
  #answeredAtMs = performance.now();
  #leaving: Promise<void> | null = null;
  #running = false;
  #ended = false;

  constructor(kafka: KafkaJs.Kafka, request: JoinRequest, options: GroupOptions) {
    this.#kafka = kafka;
    this.#request = request;
    this.#options = options;
    this.#log = options.log;
    this.#consumer = this.#newConsumer();
    this.#watch = setInterval(() => this.#replaceIfHung(), options.sessionTimeoutMs).unref();
  }

  get isLost(): boolean {
    return performance.now() - this.#answeredAtMs > this.#options.sessionTimeoutMs;
  }

  /** Resolves when the join has begun, or leave() was called before. Tries for as long as the log is out of reach. */
  async begin(): Promise<void> {
    const { topic, group } = this.#request;
    while (this.#leaving === null) {
      try {
        await this.#consumer.connect();
        await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
        break;
      } catch (error) {
        this.#log("warn", "cannot join the group yet, trying again", { group, topic, error: errorText(error) });
        await delay(RETRY_MS);
      }
    }
    if (this.#leaving !== null) return;
    this.#running = true;
    this.#beganAtMs = performance.now();
    const run = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch }) => {
        throw new Error(`${batch.topic}/${batch.partition} was fetched although it is paused`);
      },
    });
    run.catch((error) => this.#fail(error));
  }

  #newConsumer(): KafkaJs.Consumer {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const consumer = this.#kafka.consumer({
      groupId: this.#request.group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      // Paused partitions are not fetched; this is how often the loop turns, and heartbeats go with its turns.
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(() => this.#claim)],
      retry: { initialRetryTime: 100, retries: 12, maxRetryTime: 400 },
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#onJoin(consumer, payload));
    consumer.on(consumer.events.HEARTBEAT, () => this.#onAnswer(consumer));
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#onCrash(consumer, payload.error, payload.restart));
    return consumer;
  }

  leave(): Promise<void> {
    clearInterval(this.#watch);
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    if (this.#running && !this.#ended) {
      await within(FIRST_JOIN_WAIT_MS, this.#joined.promise, "first join").catch(() => {});
    }
    try {
      await within(LEAVE_TIMEOUT_MS, this.#consumer.disconnect(), "leaving the group");
    } catch (error) {
      const fields = { group: this.#request.group, error: errorText(error) };
      this.#log("warn", "left the group without its consent; it goes on after the session timeout", fields);
    }
  }

  #onJoin(consumer: KafkaJs.Consumer, payload: KafkaJs.ConsumerGroupJoinEvent["payload"]): void {
    this.#joined.resolve();
    if (this.#leaving !== null || consumer !== this.#consumer) return;
    this.#onAnswer(consumer);
    const { topic, group } = this.#request;
    consumer.pause([{ topic }]);
    this.#claim = nextClaim(this.#claim, payload.memberId, payload.memberAssignment, Date.now());
    const partitions = (payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b);
    const { memberId, isLeader, duration } = payload;
    this.#log("info", "joined the group", { group, topic, partitions, memberId, isLeader, durationMs: duration });
    this.#request.onAssigned(partitions);
  }

  #onCrash(consumer: KafkaJs.Consumer, error: Error, restart: boolean): void {
    if (this.#leaving !== null || consumer !== this.#consumer) return;
    this.#log("warn", "group membership failed, joining again", {
      group: this.#request.group,
      error: errorText(error),
    });
    if (restart) return;
    if (!isTransient(error)) {
      this.#fail(error);
      return;
    }
    this.#replace();
  }

  #onAnswer(consumer: KafkaJs.Consumer): void {
    if (consumer === this.#consumer) this.#answeredAtMs = performance.now();
  }

  /** Of a log that is out of reach it is replaced now and then as well, which does no harm. */
  #replaceIfHung(): void {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const silentMs = performance.now() - Math.max(this.#answeredAtMs, this.#beganAtMs);
    if (!this.#running || this.#ended || this.#leaving !== null) return;
    if (silentMs <= sessionTimeoutMs + rebalanceTimeoutMs) return;
    const { group } = this.#request;
    this.#log("warn", "the group has not answered for long, joining anew", { group, silentMs: Math.round(silentMs) });
    const hung = this.#consumer;
    this.#replace();
    hung.disconnect().catch(() => {});
  }

  #replace(): void {
    this.#running = false;
    this.#consumer = this.#newConsumer();
    void this.begin();
  }

  #fail(error: unknown): void {
    if (this.#ended || this.#leaving !== null) return;
    this.#ended = true;
    clearInterval(this.#watch);
    this.#joined.resolve();
    const failure = `membership of group ${this.#request.group} ended: ${errorText(error)}`;
    this.#log("error", failure, {});
    this.#request.onFailed(new Unrecoverable(failure, { cause: error }));
  }
}
