/** Follows a log in memory from its beginning: counts inputs and outputs against each other, and lets go of what was read. */
import { setTimeout as delay } from "node:timers/promises";
import { type Batch, type Log, type MemoryBroker, ReaderClosed } from "@weir/stream";
import type { TopicNames } from "../../weir/topics/topics.ts";
import type { Audit } from "../ground.ts";
import { outputsOf } from "../read-back.ts";
import type { StageOfRun } from "../stages.ts";
import { Tally, type TallyResult } from "../tally.ts";
import { Retention } from "./retention.ts";

/** A following reader is a turn of the loop or two behind; this much is never needed. */
const CAUGHT_UP_WITHIN_MS = 10_000;

export class MemoryAudit implements Audit {
  readonly source = "Read from the log in memory as it came, committed records only";
  readonly #log: Log;
  readonly #tally: Tally;
  readonly #followed: { readonly topic: string; readonly partition: number; position: number }[] = [];
  readonly #closers: (() => void)[] = [];
  /** Rejects when the log cannot be read; pending otherwise. */
  readonly failed: Promise<never>;
  readonly #fail: (error: unknown) => void;

  /** Begins to read at once, every topic from its beginning. */
  constructor(log: Log, broker: MemoryBroker, names: TopicNames, stages: readonly StageOfRun[]) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    this.#log = log;
    const input = names.transactions;
    const partitions = broker.partitions(input).map((_, partition) => partition);
    this.#tally = new Tally(
      input,
      partitions.map(() => ({ start: 0, end: Number.POSITIVE_INFINITY })),
    );
    const retention = new Retention(broker, stages, [input]);
    for (const partition of partitions) {
      this.#follow(input, partition, ({ records, next }) => {
        for (const { offset } of records) this.#tally.input(partition, offset);
        retention.read(input, partition, next);
      });
      for (const [topic, idOf] of outputsOf(names)) {
        this.#follow(topic, partition, ({ records, next }) => {
          for (const record of records) this.#tally.output(idOf(record));
          this.#tally.settle();
          retention.read(topic, partition, next);
        });
      }
      for (const { stateTopic } of stages)
        this.#follow(stateTopic, partition, ({ records }) => retention.written(stateTopic, partition, records));
    }
  }

  async inputs(): Promise<number> {
    await this.#caughtUp();
    return this.#tally.result().inputs;
  }

  async result(): Promise<TallyResult> {
    await this.#caughtUp();
    return this.#tally.result();
  }

  close(): void {
    for (const close of this.#closers) close();
  }

  #follow(topic: string, partition: number, use: (batch: Batch) => void): void {
    const reader = this.#log.read({ topic, partition }, 0);
    const followed = { topic, partition, position: 0 };
    this.#followed.push(followed);
    this.#closers.push(() => reader.close());
    const run = async (): Promise<void> => {
      for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
        use(batch);
        followed.position = batch.next;
      }
    };
    run().catch((error: unknown) => {
      if (!(error instanceof ReaderClosed)) this.#fail(error);
    });
  }

  /** Everything that is committed now was read. */
  async #caughtUp(): Promise<void> {
    const ends = await Promise.all(this.#followed.map(async (one) => (await this.#log.bounds(one)).end));
    const deadline = performance.now() + CAUGHT_UP_WITHIN_MS;
    while (this.#followed.some((one, index) => one.position < (ends[index] as number))) {
      if (performance.now() >= deadline) throw new Error("the log in memory could not be read to its end in time");
      await delay(1);
    }
  }
}
