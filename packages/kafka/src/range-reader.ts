/**
 * A bounded reader: each committed record of `[from, to)` of one partition, in order, the next response on its way
 * while the caller works. For restore and replay; uses a cluster of its own, apart from the feed's long polls.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Batch, OffsetOutOfRange, type Reader, ReaderClosed, RetryLater, type TopicPartition } from "@weir/stream";
import { CorruptBatch, type FetchedPartition, RecordCursor } from "./fetch-codec.ts";
import { fetchOnce, fetchVerdict, leaderOf } from "./fetcher.ts";
import { type Cluster, errorText } from "./kafkajs.ts";

export type RangeOptions = {
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly checkChecksums: boolean;
  /** Without progress for this long next() throws RetryLater, ms. */
  readonly stallMs: number;
};

/** The range is in the log already: a wait only serves a reader that is ahead of the last stable offset. */
const POLL_MS = 100;
const RETRY_MS = 100;

type Outcome = { readonly fetched: FetchedPartition } | { readonly retry: string } | { readonly fatal: Error };

export class RangeReader implements Reader {
  readonly #cluster: Cluster;
  readonly #input: TopicPartition;
  readonly #to: number;
  readonly #options: RangeOptions;
  #position: number;
  #cursor: RecordCursor | null = null;
  #endOffset = 0;
  #ahead: Promise<Outcome> | null = null;
  readonly #closing = Promise.withResolvers<null>();
  #closed = false;

  constructor(cluster: Cluster, input: TopicPartition, from: number, to: number, options: RangeOptions) {
    this.#cluster = cluster;
    this.#input = input;
    this.#position = from;
    this.#to = to;
    this.#options = options;
  }

  /** Whoever reads a range waits for each batch. */
  more(): null {
    return null;
  }

  close(): void {
    this.#closed = true;
    this.#closing.resolve(null);
  }

  async next(): Promise<Batch | null> {
    const from = this.#position;
    const deadline = performance.now() + this.#options.stallMs;
    const records: Batch["records"][number][] = [];
    let lastTrouble = "";
    while (records.length === 0) {
      if (this.#closed) throw new ReaderClosed(`reader of ${this.#name} is closed`);
      if (this.#position >= this.#to) return from < this.#to ? this.#batch(from, records) : null;
      if (this.#cursor === null) {
        if (performance.now() > deadline) {
          if (this.#position > from) return this.#batch(from, records);
          throw new RetryLater(
            `${this.#name}: no progress at ${from} towards ${this.#to} in ${this.#options.stallMs} ms${lastTrouble}`,
          );
        }
        const trouble = await this.#advance();
        if (trouble !== null) lastTrouble = `; ${trouble}`;
        continue;
      }
      try {
        this.#cursor.take(this.#options.maxRecords, records);
        this.#position = this.#cursor.position;
      } catch (error) {
        if (!(error instanceof CorruptBatch)) throw error;
        lastTrouble = `; ${error.message}`;
        this.#position = this.#cursor.position;
        this.#cursor = null;
        this.#ahead = null;
        await delay(RETRY_MS);
        continue;
      }
      if (this.#cursor.done) this.#cursor = null;
    }
    if (this.#cursor === null && this.#position < this.#to) this.#ahead ??= this.#fetch(this.#position);
    return this.#batch(from, records);
  }

  #batch(from: number, records: Batch["records"]): Batch {
    return { from, next: this.#position, records, endOffset: this.#endOffset };
  }

  /** Gets the next response ready; says what was wrong if there is none. */
  async #advance(): Promise<string | null> {
    const ahead = this.#ahead ?? this.#fetch(this.#position);
    this.#ahead = null;
    const outcome = await Promise.race([ahead, this.#closing.promise]);
    if (outcome === null) return null;
    if ("fatal" in outcome) throw outcome.fatal;
    if ("retry" in outcome) {
      await delay(RETRY_MS);
      await this.#refresh();
      return outcome.retry;
    }
    const { fetched } = outcome;
    this.#endOffset = fetched.lastStableOffset;
    const cursor = new RecordCursor(fetched, this.#position, this.#to, this.#options.checkChecksums);
    if (fetched.data.length === 0 && fetched.lastStableOffset >= this.#to) {
      // Compacted away up to the end of the log: nothing is left below `to`.
      this.#position = this.#to;
    } else if (fetched.data.length > 0) {
      this.#cursor = cursor;
    }
    return null;
  }

  async #fetch(offset: number): Promise<Outcome> {
    const { topic, partition } = this.#input;
    try {
      await this.#cluster.addMultipleTargetTopics([topic]);
      const leader = leaderOf(this.#cluster, topic, partition);
      if (leader === null) return { retry: `${this.#name} has no leader` };
      const { maxBytes } = this.#options;
      const limits = { maxWaitMs: POLL_MS, maxBytes };
      const response = await fetchOnce(this.#cluster, leader, [{ topic, partition, offset, maxBytes }], limits);
      const fetched = response.partitions[0];
      if (fetched === undefined) return { retry: `fetch answered with error code ${response.errorCode}` };
      switch (fetchVerdict(fetched.errorCode)) {
        case "ok":
          return { fetched };
        case "out-of-range":
          return {
            fatal: new OffsetOutOfRange(
              `${this.#name} has no offset ${offset}; it starts at ${fetched.logStartOffset}`,
            ),
          };
        case "retry":
          return { retry: `fetch answered with error code ${fetched.errorCode}` };
        case "fail":
          return { fatal: new RetryLater(`fetch of ${this.#name} failed with error code ${fetched.errorCode}`) };
      }
    } catch (error) {
      return { retry: errorText(error) };
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

  get #name(): string {
    return `${this.#input.topic}/${this.#input.partition}`;
  }
}
