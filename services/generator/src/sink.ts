/** Where transactions go; what @weir/kafka's producer offers, as far as the generator needs it. */
import type { Header } from "@weir/schema";

export type SinkRecord = {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly partition: number | null;
  readonly timestampMs: number;
  readonly headers?: readonly Header[];
};

export type Sink = {
  /** Resolves when every record is acknowledged by all in-sync replicas; gives up by its own timeout. */
  readonly send: (topic: string, records: readonly SinkRecord[]) => Promise<void>;
  readonly partitions: (topic: string) => Promise<number>;
  readonly close: () => Promise<void>;
};
