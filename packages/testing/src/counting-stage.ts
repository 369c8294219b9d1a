/**
 * The smallest stage with state: it counts the records of each key and writes the count beside the record's
 * origin. Small enough to be checked by eye, stateful enough for every restore to matter.
 */
import type { LogRecord, NewRecord } from "@weir/schema";
import {
  HISTORY_BEGINS,
  type ReplayPoint,
  type SnapshotRecord,
  type Stage,
  type StageState,
  type Step,
} from "@weir/stream";

export const COUNTING_TOPICS = { input: "in", output: "out", state: "in.state" } as const;

/** A value that makes the step throw. */
export const POISON = "poison";

export type Counted = { readonly key: string; readonly origin: string; readonly count: number };

type Chunk = { readonly count: number; readonly asOf: number };

class CountingState implements StageState<string> {
  readonly #counts = new Map<string, Chunk>();
  readonly #dirty = new Map<string, ReplayPoint>();
  streamTimeMs = -1;
  /** Of the first record that is known, its offset for a time. */
  historySinceMs = 0;

  get keys(): number {
    return this.#counts.size;
  }

  get replayFrom(): ReplayPoint | null {
    return this.#dirty.values().next().value ?? null;
  }

  canonical(): { readonly streamTimeMs: number; readonly keys: readonly (readonly [string, unknown])[] } {
    const keys = [...this.#counts].map(([key, { count }]) => [key, count] as const);
    return { streamTimeMs: this.streamTimeMs, keys: keys.sort(([a], [b]) => (a < b ? -1 : 1)) };
  }

  count(key: string): number {
    return this.#counts.get(key)?.count ?? 0;
  }

  apply(key: string, offset: number): void {
    if (this.historySinceMs === HISTORY_BEGINS) this.historySinceMs = offset;
    const chunk = this.#counts.get(key) ?? { count: 0, asOf: 0 };
    if (offset < chunk.asOf) return;
    this.#counts.set(key, { count: chunk.count + 1, asOf: chunk.asOf });
    if (!this.#dirty.has(key)) this.#dirty.set(key, { offset, streamTimeMs: this.streamTimeMs });
  }

  takeSnapshot(limit: number, asOf: number): SnapshotRecord[] {
    return [...this.#dirty.keys()].slice(0, limit).map((key) => {
      this.#dirty.delete(key);
      return { key: Buffer.from(key), value: Buffer.from(JSON.stringify({ count: this.count(key), asOf })) };
    });
  }

  load(key: Buffer, value: Buffer | null): void {
    if (value !== null) this.#counts.set(key.toString(), JSON.parse(value.toString()) as Chunk);
  }

  loaded(streamTimeMs: number): void {
    this.streamTimeMs = streamTimeMs;
  }
}

export type CountingOptions = {
  readonly name?: string;
  readonly input?: string;
  readonly output?: string;
  readonly stateTopic?: string;
  /** Key of the output; the record's own when left out. */
  readonly keyOf?: (record: LogRecord) => Buffer | null;
};

export function countingStage({
  name = "counting",
  input = COUNTING_TOPICS.input,
  output: topic = COUNTING_TOPICS.output,
  stateTopic = COUNTING_TOPICS.state,
  keyOf = ({ key }) => key,
}: CountingOptions = {}): Stage<string, CountingState> {
  const output = (record: LogRecord, value: unknown): NewRecord => ({
    topic,
    key: keyOf(record),
    value: Buffer.from(JSON.stringify(value)),
    headers: [],
    timestampMs: record.timestampMs,
  });
  const originOf = (record: LogRecord, partition: number): string => `${partition}/${record.offset}`;
  return {
    name,
    input,
    outputs: [topic],
    stateTopic,
    identity: "counting@1",
    needsHistory: true,
    createState: () => new CountingState(),
    step(state, record, partition): Step<string> {
      if (String(record.value) === POISON) throw new Error("poisoned");
      const key = String(record.key);
      const counted: Counted = { key, origin: originOf(record, partition), count: state.count(key) + 1 };
      return { outputs: [output(record, counted)], label: "counted", event: key };
    },
    reject(record, partition): Step<string> {
      const counted: Counted = { key: String(record.key), origin: originOf(record, partition), count: -1 };
      return { outputs: [output(record, counted)], label: "rejected:internal", event: null };
    },
  };
}
