/** One partition that is read on and on: each round up to where it ends then, so that one that is idle holds up nobody. */
import type { LogRecord } from "@weir/schema";
import { type Log, type Reader, type TopicPartition, Unrecoverable } from "@weir/stream";

/** What a record tells, at its place in event time. */
export type Told = { readonly timeMs: number; readonly take: () => void };

export class Lane {
  readonly #log: Log;
  readonly #input: TopicPartition;
  readonly #tell: (record: LogRecord) => Told | null;
  /** Null before the first round. */
  #position: number | null = null;
  #reader: Reader | null = null;
  #told: Told[] = [];
  #at = 0;

  /** `tell`: null for a record that says nothing. */
  constructor(log: Log, input: TopicPartition, tell: (record: LogRecord) => Told | null) {
    this.#log = log;
    this.#input = input;
    this.#tell = tell;
  }

  /** Begins a round. Resolves with how many offsets went by unread, since the topic does not keep them any more. */
  async begin(): Promise<number> {
    const { start, end } = await this.#log.bounds(this.#input);
    const from = this.#position ?? start;
    if (from > end) {
      const { topic, partition } = this.#input;
      throw new Unrecoverable(`${topic}/${partition} ends at ${end} and was read up to ${from}: it was made anew`);
    }
    this.#position = Math.max(from, start);
    this.#reader = this.#position < end ? this.#log.read(this.#input, this.#position, end) : null;
    return this.#position - from;
  }

  get next(): Told | undefined {
    return this.#told[this.#at];
  }

  /** Nothing is at hand, but the round has more. */
  get isDry(): boolean {
    return this.#at === this.#told.length && this.#reader !== null;
  }

  async fill(): Promise<void> {
    while (this.isDry) {
      const batch = (await this.#reader?.next()) ?? null;
      if (batch === null) {
        this.close();
        return;
      }
      this.#position = batch.next;
      this.#told = batch.records.map(this.#tell).filter((told) => told !== null);
      this.#at = 0;
    }
  }

  takeNext(): void {
    const told = this.next;
    this.#at += 1;
    told?.take();
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
  }
}

/**
 * Takes what the lanes have by now, that of the earliest event time first, so that none runs ahead of the others. After a throw
 * or a stop the next round goes on where this one ended. Resolves with the offsets that went by unread.
 */
export async function readRound(lanes: readonly Lane[], stopping: AbortSignal): Promise<number> {
  try {
    const skipped = await Promise.all(lanes.map((lane) => lane.begin()));
    while (!stopping.aborted) {
      await Promise.all(lanes.filter(({ isDry }) => isDry).map((lane) => lane.fill()));
      if (!takeWhileAllFlow(lanes)) break;
    }
    return skipped.reduce((sum, count) => sum + count, 0);
  } finally {
    for (const lane of lanes) lane.close();
  }
}

/** False once there is nothing left to take. */
function takeWhileAllFlow(lanes: readonly Lane[]): boolean {
  for (;;) {
    let first: Lane | null = null;
    for (const lane of lanes) if (isBefore(lane.next, first?.next)) first = lane;
    if (first === null) return false;
    first.takeNext();
    if (first.isDry) return true;
  }
}

function isBefore(told: Told | undefined, other: Told | undefined): boolean {
  return told !== undefined && (other === undefined || told.timeMs < other.timeMs);
}
