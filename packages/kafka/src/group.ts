/**
 * Membership of a consumer group: a consumer that joins and never fetches, and another in its place when that one is of
 * no use any more.
 *
 * - A consumer that gives up on an absent broker is replaced by a new one; only other errors end the membership.
 * - Nor is it trusted to notice that it hangs: a member which had been frozen while its connections were cut was seen to
 *   wait for ever for an answer to a heartbeat. One that hears nothing for a session and a rebalance is replaced too.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type JoinRequest, type Membership, Unrecoverable } from "@weir/stream";
import type { LogFunction } from "./connection.ts";
import { GroupConsumer, type GroupOptions } from "./group-consumer.ts";
import { errorText, type KafkaJs } from "./kafkajs.ts";
import { type Claim, NO_CLAIM, nextClaim } from "./sticky-assigner.ts";

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
  #consumer: GroupConsumer;
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
        break;
      } catch (error) {
        this.#log("warn", "cannot join the group yet, trying again", { group, topic, error: errorText(error) });
        await delay(RETRY_MS);
      }
    }
    if (this.#leaving !== null) return;
    this.#running = true;
    this.#beganAtMs = performance.now();
    this.#consumer.run();
  }

  #newConsumer(): GroupConsumer {
    return new GroupConsumer(this.#kafka, this.#request, this.#options, () => this.#claim, {
      onJoin: (payload) => this.#onJoin(payload),
      onHeartbeat: () => this.#onAnswer(),
      onCrash: (error, restarts) => this.#onCrash(error, restarts),
    });
  }

  leave(): Promise<void> {
    clearInterval(this.#watch);
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    try {
      await this.#consumer.leave();
    } catch (error) {
      const fields = { group: this.#request.group, error: errorText(error) };
      this.#log("warn", "left the group without its consent; it goes on after the session timeout", fields);
    }
  }

  #onJoin(payload: KafkaJs.ConsumerGroupJoinEvent["payload"]): void {
    this.#onAnswer();
    const { topic, group } = this.#request;
    this.#claim = nextClaim(this.#claim, payload.memberId, payload.memberAssignment, Date.now());
    const partitions = (payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b);
    const { memberId, isLeader, duration } = payload;
    this.#log("info", "joined the group", { group, topic, partitions, memberId, isLeader, durationMs: duration });
    this.#request.onAssigned(partitions);
  }

  #onCrash(error: Error, restarts: boolean): void {
    this.#log("warn", "group membership failed, joining again", {
      group: this.#request.group,
      error: errorText(error),
    });
    if (restarts) return;
    if (!isTransient(error)) {
      this.#fail(error);
      return;
    }
    this.#replace();
  }

  #onAnswer(): void {
    this.#answeredAtMs = performance.now();
  }

  /** Of a log that is out of reach it is replaced now and then as well, which does no harm. */
  #replaceIfHung(): void {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const silentMs = performance.now() - Math.max(this.#answeredAtMs, this.#beganAtMs);
    if (!this.#running || this.#ended || this.#leaving !== null) return;
    if (silentMs <= sessionTimeoutMs + rebalanceTimeoutMs) return;
    const { group } = this.#request;
    this.#log("warn", "the group has not answered for long, joining anew", { group, silentMs: Math.round(silentMs) });
    this.#replace();
  }

  #replace(): void {
    const replaced = this.#consumer;
    this.#running = false;
    this.#consumer = this.#newConsumer();
    void this.begin();
    replaced.leave().catch(() => {});
  }

  #fail(error: unknown): void {
    if (this.#ended || this.#leaving !== null) return;
    this.#ended = true;
    clearInterval(this.#watch);
    const failure = `membership of group ${this.#request.group} ended: ${errorText(error)}`;
    this.#log("error", failure, {});
    this.#request.onFailed(new Unrecoverable(failure, { cause: error }));
  }
}
