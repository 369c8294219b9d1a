/**
 * Keeps a log in memory small for as long as it runs, as a cluster's retention and compaction do:
 * - what was decided is deleted once it was read and no restore would begin with it;
 * - an output is deleted once it was read;
 * - a state topic is compacted whenever it has doubled.
 */
import type { LogRecord } from "@weir/schema";
import { decodeMarker, isMarkerKey, type MemoryBroker } from "@weir/stream";

/** Entries of a state partition below which compacting is not worth the turn. */
const COMPACT_FROM = 4096;

export class Retention {
  readonly #broker: MemoryBroker;
  readonly #input: string;
  readonly #state: string;
  /** By partition: where a restore would begin, the input read up to, entries left by the last compaction. */
  readonly #partitions: { replayFrom: number; read: number; left: number }[];

  constructor(broker: MemoryBroker, input: string, state: string) {
    this.#broker = broker;
    this.#input = input;
    this.#state = state;
    this.#partitions = broker.partitions(input).map(() => ({ replayFrom: 0, read: 0, left: 0 }));
  }

  /** All of a partition of the input or an output was read up to `next`. */
  read(topic: string, partition: number, next: number): void {
    const known = this.#partitions[partition];
    if (topic !== this.#input) this.#broker.partition({ topic, partition }).truncate(next);
    else if (known !== undefined) {
      known.read = next;
      this.#truncateInput(partition);
    }
  }

  /** Records were written to a partition of the state topic. */
  written(partition: number, records: readonly LogRecord[]): void {
    const known = this.#partitions[partition];
    const last = records.findLast(({ key }) => key !== null && isMarkerKey(key))?.value;
    if (known === undefined || !last) return;
    known.replayFrom = decodeMarker(last).replayFrom.offset;
    this.#truncateInput(partition);
    const log = this.#broker.partition({ topic: this.#state, partition });
    if (log.entries.length < Math.max(COMPACT_FROM, 2 * known.left)) return;
    log.compact();
    known.left = log.entries.length;
  }

  #truncateInput(partition: number): void {
    const { replayFrom = 0, read = 0 } = this.#partitions[partition] ?? {};
    this.#broker.partition({ topic: this.#input, partition }).truncate(Math.min(replayFrom, read));
  }
}
