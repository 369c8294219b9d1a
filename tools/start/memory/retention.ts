/**
 * Keeps a log in memory small for as long as it runs, as a cluster's retention and compaction do:
 * - what a stage has decided is deleted once no restore would begin with it, and whoever else reads it has read it;
 * - an output is deleted once it was read;
 * - a state topic is compacted whenever it has doubled.
 */
import type { LogRecord } from "@weir/schema";
import { decodeMarker, isMarkerKey, type MemoryBroker } from "@weir/stream";

/** Entries of a state partition below which compacting is not worth the turn. */
const COMPACT_FROM = 4096;

/** A stage's input and its state, and by partition: where a restore would begin, the input read up to, entries left by the last compaction. */
type Kept = {
  readonly input: string;
  readonly state: string;
  readonly partitions: readonly { replayFrom: number; read: number; left: number }[];
};

export class Retention {
  readonly #broker: MemoryBroker;
  readonly #stages: readonly Kept[];

  /** `readElsewhere`: inputs that read() is told of. */
  constructor(
    broker: MemoryBroker,
    stages: readonly { readonly topic: string; readonly stateTopic: string }[],
    readElsewhere: readonly string[],
  ) {
    this.#broker = broker;
    this.#stages = stages.map(({ topic, stateTopic }) => {
      const read = readElsewhere.includes(topic) ? 0 : Number.POSITIVE_INFINITY;
      const partitions = broker.partitions(topic).map(() => ({ replayFrom: 0, read, left: 0 }));
      return { input: topic, state: stateTopic, partitions };
    });
  }

  /** All of a partition of an input or an output was read up to `next`. */
  read(topic: string, partition: number, next: number): void {
    const stage = this.#stages.find(({ input }) => input === topic);
    const known = stage?.partitions[partition];
    if (stage === undefined || known === undefined) {
      this.#broker.partition({ topic, partition }).truncate(next);
      return;
    }
    known.read = next;
    this.#truncate(stage, partition);
  }

  /** Records were written to a partition of a state topic. */
  written(topic: string, partition: number, records: readonly LogRecord[]): void {
    const stage = this.#stages.find(({ state }) => state === topic);
    const known = stage?.partitions[partition];
    const last = records.findLast(({ key }) => key !== null && isMarkerKey(key))?.value;
    if (stage === undefined || known === undefined || !last) return;
    known.replayFrom = decodeMarker(last).replayFrom.offset;
    this.#truncate(stage, partition);
    const log = this.#broker.partition({ topic, partition });
    if (log.entries.length < Math.max(COMPACT_FROM, 2 * known.left)) return;
    log.compact();
    known.left = log.entries.length;
  }

  #truncate({ input, partitions }: Kept, partition: number): void {
    const { replayFrom = 0, read = 0 } = partitions[partition] ?? {};
    this.#broker.partition({ topic: input, partition }).truncate(Math.min(replayFrom, read));
  }
}
