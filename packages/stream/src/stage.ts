/**
 * A stage: one input topic, one deterministic step that touches only the state it is handed, one keyed
 * state, outputs. Its outputs and state depend on the input partition in offset order and on nothing else.
 */
import type { LogRecord, NewRecord } from "@weir/schema";

/** What a record does, computed before anything is changed. */
export type Step<Event> = {
  readonly outputs: readonly NewRecord[];
  /** What became of the record, for counters: few and bounded values, such as `approve` or `rejected:malformed`. */
  readonly label: string;
  /** Handed to state.apply(); null leaves the state as it is. */
  readonly event: Event | null;
};

/**
 * Where silent replay has to begin, and the state's stream time there. The two belong together: whether a
 * replayed record is late is judged by the stream time that held when it was first applied.
 */
export type ReplayPoint = { readonly offset: number; readonly streamTimeMs: number };

/** A history that begins with the next record: what lies before is not known. */
export const HISTORY_BEGINS = Number.MAX_SAFE_INTEGER;

export type SnapshotRecord = { readonly key: Buffer; readonly value: Buffer | null };

/**
 * The keyed state of one partition. Every chunk of it carries `asOf`, the offset up to which (exclusive)
 * its content is complete; apply() ignores an offset below the asOf of the chunk it would change, which is
 * what makes silent replay after load() exact.
 */
export interface StageState<Event> {
  apply(event: Event, offset: number): void;
  /** The oldest change that no snapshot holds yet (stream time: just before it); null when all is snapshotted. */
  readonly replayFrom: ReplayPoint | null;
  /** Greatest event time applied, ms; -1 before the first. */
  readonly streamTimeMs: number;
  readonly keys: number;
  /**
   * What happened before this event time may be unknown to the state, or to those of the stages that read what it wrote,
   * ms; 0: nothing is. The runtime sets it; HISTORY_BEGINS becomes the time of the next record that is applied.
   */
  historySinceMs: number;
  /** Takes at most `limit` of the longest-dirty chunks, as of offset `asOf`, and marks them clean. */
  takeSnapshot(limit: number, asOf: number): SnapshotRecord[];
  /** Loads one snapshot record; null value = the chunk is gone. Throws on a corrupt or foreign-version chunk. */
  load(key: Buffer, value: Buffer | null): void;
  /** Once, after the last load() and before the first apply(); takes the stream time of the replay point. */
  loaded(streamTimeMs: number): void;
}

export interface Stage<Event = unknown, State extends StageState<Event> = StageState<Event>> {
  readonly name: string;
  /** Input topic. */
  readonly input: string;
  /** Every topic that step() and reject() write to. */
  readonly outputs: readonly string[];
  /** Of the outputs, those that later stages keep a state of. */
  readonly feeds?: readonly string[];
  /** Input of the stage that has to be through with what could be read there before a record is decided here, if any. */
  readonly precededBy?: string | null;
  /** Compacted topic of the rolling snapshot; as many partitions as the input. */
  readonly stateTopic: string;
  /** Whether the state depends on records before the committed offset; false for a stateless stage. */
  readonly needsHistory: boolean;
  /** Names what the state's bytes mean; a snapshot of another identity is not loaded but rebuilt from the log. */
  readonly identity: string;
  /**
   * Names the key that ids are tokens of in what it reads and writes; left out, they are as they came. A partition that went on
   * with others is refused: its log cannot be read anew with these.
   */
  readonly ids?: string | undefined;
  createState(): State;
  /** Pure in `state`; may throw, which leaves no trace. */
  step(state: State, record: LogRecord, partition: number): Step<Event>;
  /** The output for a record whose step threw. Must not throw. */
  reject(record: LogRecord, partition: number, error: unknown): Step<Event>;
}

/** The step of a record, or its rejection when the step throws; `onThrow` is told what was thrown. */
export function stepOrReject<Event>(
  stage: Stage<Event>,
  state: StageState<Event>,
  record: LogRecord,
  partition: number,
  onThrow?: (error: unknown) => void,
): Step<Event> {
  try {
    return stage.step(state, record, partition);
  } catch (error) {
    onThrow?.(error);
    return stage.reject(record, partition, error);
  }
}
