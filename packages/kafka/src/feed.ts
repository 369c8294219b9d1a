/**
 * One prefetching feed for all partitions that are followed. Per broker one fetch is in flight, for every partition
 * with room; responses are buffered up to a bound, so that deciding and fetching overlap, and whoever
 * asks for more gets all that is there: the slower the reader, the more that is. A partition that is slow holds up no other: when one is full the others' long poll is cut short, so that it is asked again soon after it drains.
 *
 * Loss of a broker and a change of leader are dealt with here. A reader whose partition has had no answer for
 * `stallMs` is told RetryLater: a read never waits for ever on a broken connection.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Batch, OffsetOutOfRange, type Reader, ReaderClosed, RetryLater, type TopicPartition } from "@weir/stream";
import type { LogFunction } from "./connection.ts";
import { CorruptBatch, type FetchedPartition, offsetAfter, RecordCursor } from "./fetch-codec.ts";
import { type FetchPosition, fetchOnce, fetchVerdict, leaderOf } from "./fetcher.ts";
import { type Cluster, errorText } from "./kafkajs.ts";

export type FeedOptions = {
  readonly log: LogFunction;
  /** Of one partition in one response, bytes. */
  readonly maxBytes: number;
  /** Of one batch handed out. */
  readonly maxRecords: number;
  readonly checkChecksums: boolean;
  /** Without an answer for this long a reader gives up, ms. */
  readonly stallMs: number;
};

/** Of one partition; a response of the usual size each, or many small ones. */
const MAX_BUFFERED_RESPONSES = 100;
const LONG_POLL_MS = 500;
const SHORT_POLL_MS = 10;
const RESPONSE_MAX_BYTES = 32 * 1024 * 1024;
const RETRY_MS = 100;
/** A damaged batch is fetched again this often: the damage may have happened on the way. */
const CORRUPT_RETRIES = 3;

type Fetched = { readonly cursor: RecordCursor; readonly bytes: number; readonly end: number };

type Followed = {
  readonly topic: string;
  readonly partition: number;
  /** Where the next fetch begins; all before it is in `buffered` or handed out. */
  position: number;
  buffered: Fetched[];
  bufferedBytes: number;
  error: Error | null;
  corrupt: number;
  closed: boolean;
  notBeforeMs: number;
  answeredAtMs: number;
  wake: (() => void) | null;
};

export class Feed {
  readonly #cluster: Cluster;
  readonly #options: FeedOptions;
  readonly #followed = new Set<Followed>();
  readonly #busyBrokers = new Set<number>();
  readonly #watch: NodeJS.Timeout;
  #rotation = 0;
  #pumping = false;
  #refreshing = false;
  #closed = false;

  /** The cluster should be the feed's own: a long poll holds up whatever else uses the connection. */
  constructor(cluster: Cluster, options: FeedOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#watch = setInterval(() => this.#wakeStalled(), Math.min(1000, options.stallMs)).unref();
  }

  follow(input: TopicPartition, from: number): Reader {
    const followed: Followed = {
      topic: input.topic,
      partition: input.partition,
      position: from,
      buffered: [],
      bufferedBytes: 0,
      error: null,
      corrupt: 0,
      closed: this.#closed,
      notBeforeMs: 0,
      answeredAtMs: performance.now(),
      wake: null,
    };
    if (!this.#closed) this.#followed.add(followed);
    this.#pump();
    return {
      next: () => this.#next(followed),
      more: () => this.#take(followed),
      close: () => this.#drop(followed),
    };
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#watch);
    for (const followed of this.#followed) this.#drop(followed);
  }

  #drop(followed: Followed): void {
    followed.closed = true;
    followed.buffered = [];
    this.#followed.delete(followed);
    wake(followed);
  }

  async #next(followed: Followed): Promise<Batch> {
    for (;;) {
      if (followed.closed) throw new ReaderClosed(`reader of ${name(followed)} is closed`);
      const batch = this.#take(followed);
      if (batch !== null) return batch;
      if (followed.error !== null) throw followed.error;
      const silentMs = performance.now() - followed.answeredAtMs;
      if (silentMs > this.#options.stallMs) {
        followed.answeredAtMs = performance.now();
        throw new RetryLater(`no answer for ${name(followed)} at ${followed.position} in ${Math.round(silentMs)} ms`);
      }
      await new Promise<void>((resolve) => {
        followed.wake = resolve;
      });
    }
  }

  #take(followed: Followed): Batch | null {
    const first = followed.buffered[0];
    if (first === undefined) return null;
    const records: Batch["records"][number][] = [];
    const from = first.cursor.position;
    let last = first;
    for (let head: Fetched | undefined = first; head !== undefined; head = followed.buffered[0]) {
      last = head;
      try {
        head.cursor.take(this.#options.maxRecords - records.length, records);
      } catch (error) {
        // What came before it goes out first.
        if (records.length === 0) return this.#damaged(followed, head, error);
        break;
      }
      if (!head.cursor.done) break;
      followed.buffered.shift();
      followed.bufferedBytes -= head.bytes;
    }
    followed.corrupt = 0;
    this.#pump();
    return { from, next: last.cursor.position, records, endOffset: last.end };
  }

  /** Damaged on the way, perhaps: ask again from where it began, a few times. */
  #damaged(followed: Followed, fetched: Fetched, error: unknown): null {
    if (!(error instanceof CorruptBatch)) throw error;
    followed.corrupt++;
    followed.buffered = [];
    followed.bufferedBytes = 0;
    followed.position = fetched.cursor.position;
    followed.notBeforeMs = performance.now() + RETRY_MS;
    this.#options.log("error", "damaged batch", { partition: name(followed), error: error.message });
    if (followed.corrupt > CORRUPT_RETRIES) followed.error = new RetryLater(`${name(followed)}: ${error.message}`);
    this.#pump();
    return null;
  }

  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (!this.#closed) this.#startFetches();
    });
  }

  #startFetches(): void {
    const now = performance.now();
    const wanted = new Map<number, Followed[]>();
    const full = new Set<number>();
    for (const followed of this.#followed) {
      if (followed.error !== null) continue;
      const leader = leaderOf(this.#cluster, followed.topic, followed.partition);
      if (leader === null) this.#refresh();
      else if (this.#isFull(followed)) full.add(leader);
      else if (followed.notBeforeMs > now) setTimeout(() => this.#pump(), followed.notBeforeMs - now + 1).unref();
      else {
        const list = wanted.get(leader);
        if (list === undefined) wanted.set(leader, [followed]);
        else list.push(followed);
      }
    }
    for (const [nodeId, list] of wanted) {
      if (this.#busyBrokers.has(nodeId)) continue;
      this.#busyBrokers.add(nodeId);
      const shift = this.#rotation++ % list.length;
      const rotated = [...list.slice(shift), ...list.slice(0, shift)];
      void this.#fetch(nodeId, rotated, full.has(nodeId)).finally(() => {
        this.#busyBrokers.delete(nodeId);
        this.#pump();
      });
    }
  }

  /** Room is left for one more response of the greatest size. */
  #isFull({ buffered, bufferedBytes }: Followed): boolean {
    return bufferedBytes > this.#options.maxBytes || buffered.length >= MAX_BUFFERED_RESPONSES;
  }

  async #fetch(nodeId: number, list: readonly Followed[], short: boolean): Promise<void> {
    const { maxBytes } = this.#options;
    const positions: FetchPosition[] = list.map(({ topic, partition, position }) => ({
      topic,
      partition,
      offset: position,
      maxBytes,
    }));
    try {
      const response = await fetchOnce(this.#cluster, nodeId, positions, {
        maxWaitMs: short ? SHORT_POLL_MS : LONG_POLL_MS,
        maxBytes: RESPONSE_MAX_BYTES,
      });
      let stale = false;
      for (const fetched of response.partitions) {
        const index = list.findIndex((f) => f.partition === fetched.partition && f.topic === fetched.topic);
        const followed = list[index];
        // Closed meanwhile, or sent back to an earlier offset: the answer is to a question no longer asked.
        if (followed === undefined || followed.closed || followed.position !== positions[index]?.offset) continue;
        if (this.#accept(followed, fetched) === "stale") stale = true;
      }
      if (stale) this.#refresh();
    } catch (error) {
      if (this.#closed) return;
      this.#options.log("warn", "fetch failed", { node: nodeId, error: errorText(error) });
      this.#refresh();
      await delay(RETRY_MS);
    }
  }

  #accept(followed: Followed, fetched: FetchedPartition): "stale" | null {
    const verdict = fetchVerdict(fetched.errorCode);
    if (verdict === "retry") {
      followed.notBeforeMs = performance.now() + RETRY_MS;
      return "stale";
    }
    followed.answeredAtMs = performance.now();
    if (verdict === "out-of-range") {
      followed.error = new OffsetOutOfRange(
        `${name(followed)} has no offset ${followed.position}; it starts at ${fetched.logStartOffset}`,
      );
      wake(followed);
    } else if (verdict === "fail") {
      followed.error = new RetryLater(`fetch of ${name(followed)} failed with error code ${fetched.errorCode}`);
      wake(followed);
    } else {
      const next = offsetAfter(fetched.data, followed.position);
      if (next === followed.position) return null;
      const cursor = new RecordCursor(fetched, followed.position, next, this.#options.checkChecksums);
      followed.buffered.push({ cursor, bytes: fetched.data.length, end: fetched.lastStableOffset });
      followed.bufferedBytes += fetched.data.length;
      followed.position = next;
      wake(followed);
    }
    return null;
  }

  #refresh(): void {
    if (this.#refreshing || this.#closed) return;
    this.#refreshing = true;
    void this.#refreshMetadata().finally(() => {
      this.#refreshing = false;
      this.#pump();
    });
  }

  async #refreshMetadata(): Promise<void> {
    try {
      await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics([...new Set([...this.#followed].map((followed) => followed.topic))]);
      await this.#cluster.refreshMetadata();
    } catch (error) {
      if (!this.#closed) this.#options.log("debug", "metadata refresh failed", { error: errorText(error) });
    }
    await delay(RETRY_MS);
  }

  #wakeStalled(): void {
    const now = performance.now();
    for (const followed of this.#followed) {
      if (now - followed.answeredAtMs > this.#options.stallMs) wake(followed);
    }
  }
}

const wake = (followed: Followed): void => {
  const waiting = followed.wake;
  followed.wake = null;
  waiting?.();
};

const name = (input: TopicPartition): string => `${input.topic}/${input.partition}`;
