/** The generator's way into a log in memory. */
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import type { Sink, SinkRecord } from "@weir/generator";
import type { MemoryBroker } from "@weir/stream";

export type MemorySinkOptions = {
  readonly broker: MemoryBroker;
  /** Transactions that wait for their decision. */
  readonly waiting: () => number;
  /** With more than this the generator has to wait: it falls behind its schedule instead of filling the memory. */
  readonly maxWaiting: number;
};

const LOOK_AGAIN_MS = 5;

export class MemorySink implements Sink {
  readonly #options: MemorySinkOptions;
  #closed = false;
  #next = 0;

  constructor(options: MemorySinkOptions) {
    this.#options = options;
  }

  /** Lets everything else in this process have its turn first: a generator that is behind would never stop. */
  readonly send = async (topic: string, records: readonly SinkRecord[]): Promise<void> => {
    const { broker, waiting, maxWaiting } = this.#options;
    await turn();
    while (waiting() > maxWaiting) {
      if (this.#closed) throw new Error("closed while it waited for the detector");
      await delay(LOOK_AGAIN_MS);
    }
    const count = broker.partitions(topic).length;
    for (const record of records) {
      broker.produce({ ...record, topic, partition: record.partition ?? this.#next++ % count });
    }
  };

  readonly partitions = async (topic: string): Promise<number> => this.#options.broker.partitions(topic).length;

  readonly close = async (): Promise<void> => {
    this.#closed = true;
  };
}
