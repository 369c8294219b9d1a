/**
 * Membership of a consumer group, and nothing else: kafkajs's consumer joins, keeps its heartbeat and takes part in
 * assignment, but never fetches, since every partition is paused for ever from within the join.
 *
 * - pause happens in GROUP_JOIN, whose listeners run before the first fetch; a restart of the consumer makes a new group
 *   object, so it happens at each one.
 * - A GROUP_JOIN after leave() was called is ignored: its partitions are not ours.
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

const FIRST_JOIN_WAIT_MS = 6000;
const LEAVE_TIMEOUT_MS = 10_000;
const RETRY_MS = 500;
/** While the log is out of reach a line is written this often. */
const COMPLAIN_EVERY_MS = 5000;

export class GroupMembership implements Membership {
  readonly #consumer: KafkaJs.Consumer;
  readonly #request: JoinRequest;
  readonly #log: LogFunction;
  readonly #joined = Promise.withResolvers<void>();
  #claim: Claim = NO_CLAIM;
  #leaving: Promise<void> | null = null;
  #running = false;
  #ended = false;

  constructor(kafka: KafkaJs.Kafka, request: JoinRequest, options: GroupOptions) {
    this.#request = request;
    this.#log = options.log;
    this.#consumer = kafka.consumer({
      groupId: request.group,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      heartbeatInterval: Math.max(100, Math.min(3000, Math.floor(options.sessionTimeoutMs / 6))),
      // Paused partitions are not fetched; this is how often the loop turns, and heartbeats go with its turns.
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(() => this.#claim)],
      retry: { initialRetryTime: 100, retries: 12, maxRetryTime: 400 },
    });
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, ({ payload }) => this.#onJoin(payload));
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => this.#onCrash(payload.error, payload.restart));
  }

  /** Resolves when the join has begun, or leave() was called before. Tries for as long as the log is out of reach. */
  async begin(): Promise<void> {
    const { topic, group } = this.#request;
    let complainedAtMs = Number.NEGATIVE_INFINITY;
    while (this.#leaving === null) {
      try {
        await this.#consumer.connect();
        await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
        break;
      } catch (error) {
        if (performance.now() - complainedAtMs > COMPLAIN_EVERY_MS) {
          complainedAtMs = performance.now();
          this.#log("warn", "cannot join the group yet, trying again", { group, topic, error: errorText(error) });
        }
        await delay(RETRY_MS);
      }
    }
    if (this.#leaving !== null) return;
    this.#running = true;
    const run = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch }) => {
        throw new Error(`${batch.topic}/${batch.partition} was fetched although it is paused`);
      },
    });
    run.catch((error) => this.#fail(error));
  }

  leave(): Promise<void> {
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

  #onJoin(payload: KafkaJs.ConsumerGroupJoinEvent["payload"]): void {
    this.#joined.resolve();
    if (this.#leaving !== null) return;
    const { topic, group } = this.#request;
    this.#consumer.pause([{ topic }]);
    this.#claim = nextClaim(this.#claim, payload.memberId, payload.memberAssignment, Date.now());
    const partitions = (payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b);
    const { memberId, isLeader, duration } = payload;
    this.#log("info", "joined the group", { group, topic, partitions, memberId, isLeader, durationMs: duration });
    this.#request.onAssigned(partitions);
  }

  #onCrash(error: unknown, restart: boolean): void {
    if (this.#leaving !== null) return;
    const { group } = this.#request;
    this.#log(restart ? "warn" : "error", "group membership failed", { group, restart, error: errorText(error) });
    if (!restart) this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#ended || this.#leaving !== null) return;
    this.#ended = true;
    this.#joined.resolve();
    this.#request.onFailed(
      new Unrecoverable(`membership of group ${this.#request.group} ended: ${errorText(error)}`, { cause: error }),
    );
  }
}
