/**
 * One of kafkajs's consumers as a member of a group that never fetches: it joins, keeps its heartbeat and takes part in
 * assignment, with every partition paused for ever from within the join.
 *
 * - pause happens in GROUP_JOIN, whose listeners run before the first fetch; a restart of the consumer makes a new group
 *   object, so it happens at each one.
 * - kafkajs forgets a consumer that it is only just joining when it is told to stop, yet the join goes on: a member that
 *   nobody can pause or end, and which takes partitions that nobody decides. leave() lets the join end first.
 */
import type { JoinRequest } from "@weir/stream";
import type { LogFunction } from "./connection.ts";
import type { KafkaJs } from "./kafkajs.ts";
import { type Claim, stickyAssigner } from "./sticky-assigner.ts";
import { within } from "./within.ts";

export type GroupOptions = {
  readonly log: LogFunction;
  /** Without a heartbeat for this long the group goes on without the member, ms. */
  readonly sessionTimeoutMs: number;
  /** For all members to join again once a rebalance has begun, ms. */
  readonly rebalanceTimeoutMs: number;
};

/** What it tells, in order; nothing once leave() was called. */
export type GroupConsumerEvents = {
  readonly onJoin: (payload: KafkaJs.ConsumerGroupJoinEvent["payload"]) => void;
  readonly onHeartbeat: () => void;
  /** `restarts`: it joins again by itself. */
  readonly onCrash: (error: Error, restarts: boolean) => void;
};

/** The others hear of a member that has left with their next one, so it counts among what a take-over takes. */
const HEARTBEAT_MS = 250;
/** Whoever leaves waits so long for a join under way, and so long for leaving itself. */
const JOIN_WAIT_MS = 6_000;
const LEAVE_TIMEOUT_MS = 10_000;

export class GroupConsumer {
  readonly #consumer: KafkaJs.Consumer;
  readonly #topic: string;
  readonly #events: GroupConsumerEvents;
  /** The join under way; null: none is, it has joined or was not told to. */
  #joining: PromiseWithResolvers<void> | null = null;
  #leaving: Promise<void> | null = null;

  constructor(
    kafka: KafkaJs.Kafka,
    { group, topic }: Pick<JoinRequest, "group" | "topic">,
    { sessionTimeoutMs, rebalanceTimeoutMs }: GroupOptions,
    claim: () => Claim,
    events: GroupConsumerEvents,
  ) {
    this.#topic = topic;
    this.#events = events;
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      // Paused partitions are not fetched; this is how often the loop turns, and heartbeats go with its turns.
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(claim)],
      retry: {
        ...{ initialRetryTime: 100, retries: 12, maxRetryTime: 400 },
        restartOnFailure: async () => this.#leaving === null,
      },
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      consumer.pause([{ topic }]);
      this.#joinEnded();
      if (this.#leaving === null) events.onJoin(payload);
    });
    consumer.on(consumer.events.HEARTBEAT, () => {
      if (this.#leaving === null) events.onHeartbeat();
    });
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => this.#crashed(error, restart));
  }

  /** Throws while the log is out of reach. */
  async connect(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
  }

  /** Begins to join; what comes of it is told by events. */
  run(): void {
    this.#joining = Promise.withResolvers();
    const run = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch }) => {
        throw new Error(`${batch.topic}/${batch.partition} was fetched although it is paused`);
      },
    });
    run.catch((error) => this.#crashed(error, false));
  }

  /** Leaves when a join under way has ended. Throws when that and leaving have taken too long; it leaves later then. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return within(JOIN_WAIT_MS + LEAVE_TIMEOUT_MS, this.#leaving, "leaving the group");
  }

  async #leave(): Promise<void> {
    if (this.#joining !== null) {
      await this.#joining.promise;
      // From within the join kafkajs does not take itself to be running yet, and would not leave.
      await new Promise(setImmediate);
    }
    await this.#consumer.disconnect();
  }

  #crashed(error: Error, restarts: boolean): void {
    if (restarts) this.#joining ??= Promise.withResolvers();
    else this.#joinEnded();
    if (this.#leaving === null) this.#events.onCrash(error, restarts);
  }

  #joinEnded(): void {
    this.#joining?.resolve();
    this.#joining = null;
  }
}
