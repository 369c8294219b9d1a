/**
 * Brings a state to exactly the committed offset: load the snapshot's chunks, then replay
 * `[replayFrom, committed)` in silence. What the snapshot and the log cannot give is never guessed:
 * the stage stops and says what is missing.
 */
import type { LogRecord } from "@weir/schema";
import type { OwnedState } from "./batch.ts";
import { type Clock, within } from "./clock.ts";
import type { Restoring, StageEvents } from "./events.ts";
import { decodeMarker, isMarkerKey, type Marker, parseChunkKey } from "./marker.ts";
import { type Log, ReaderClosed, RetryLater, type TopicPartition } from "./port.ts";
import { planReplay, type ReplayPlan } from "./replay-plan.ts";
import { HISTORY_BEGINS, type Stage, type StageState, stepOrReject } from "./stage.ts";
import type { Turns } from "./turns.ts";

export type RestoreContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly group: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly events: StageEvents;
  /** Told once in each turn of the event loop how far it is. */
  readonly progress: (restoring: Restoring) => void;
  readonly signal: AbortSignal;
  /** No single wait on the log may take longer. */
  readonly deadlineMs: number;
  /** Start from a log that no longer holds all the history which the state needs. */
  readonly allowPartialHistory: boolean;
};

/** State at `position`: the effect of every record before it, and of none from it on. */
export type RestoredState<Event> = OwnedState<Event> & { readonly position: number };

/** The event loop is held up for no longer: heartbeats go on, and requests are answered. */
const BUSY_MS = 20;
/** Records between two looks at the clock. */
const LOOK_EVERY = 32;
/** Of the state topic, read before the chunks among it are loaded: its bytes are held so long. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/** Throws Unrecoverable when the state cannot be had exactly, RetryLater and ReaderClosed as the log does. */
export async function restore<Event>(
  context: RestoreContext<Event>,
  committed: number | null,
): Promise<RestoredState<Event>> {
  const { stage, partition, log, clock, events, deadlineMs, progress } = context;
  const startedMs = clock.now();
  const input: TopicPartition = { topic: stage.input, partition };
  const inputId = await within(clock, deadlineMs, "reading the input's id", log.topicId(stage.input));
  const { start } = await within(clock, deadlineMs, "reading the input's bounds", log.bounds(input));
  const snapshot = await loadSnapshot(context);
  const { corrupt, marker } = snapshot;
  if (committed !== null && corrupt === null && marker !== null && marker.position !== committed)
    throw new RetryLater(`${stage.input}/${partition} has another owner, who has committed since`);
  const { plan, state } = finished(context, snapshot, committed, start);
  // A rebuilt state must not meet the chunks of the one before it at the next restore.
  const epoch = plan.rebuilt === null ? snapshot.epoch : snapshot.epoch + 1;
  const snapshotFrom = (plan.rebuilt === null ? marker?.snapshotFrom : null) ?? snapshot.start;
  const leftovers = plan.rebuilt !== null || snapshot.mixed ? await chunksBefore(context, epoch) : [];
  let replayed = 0;
  const replay = (record: LogRecord): void => {
    const { event } = stepOrReject(stage, state, record, partition);
    if (event !== null) state.apply(event, record.offset);
    replayed += 1;
  };
  await eachRecord(context, input, plan.from, plan.position, replay, (done, of) =>
    progress({ partition, what: "replay", done, of }),
  );
  if (plan.feedsAnew) state.historySinceMs = HISTORY_BEGINS;
  events.restored({
    partition,
    position: plan.position,
    snapshotRecords: snapshot.records,
    replayed,
    keys: state.keys,
    rebuilt: plan.rebuilt,
    ms: clock.now() - startedMs,
  });
  return { state, epoch, snapshotFrom, inputId, leftovers, position: plan.position };
}

type Snapshot<Event> = {
  /** First offset of the state topic's partition. */
  readonly start: number;
  state: StageState<Event>;
  marker: Marker | null;
  /** The greatest one seen; the state holds chunks of this one only. */
  epoch: number;
  /** Whether the state holds a chunk. */
  filled: boolean;
  /** Whether records of an earlier epoch were met, which are then to be deleted. */
  mixed: boolean;
  records: number;
  corrupt: string | null;
};

async function loadSnapshot<Event>(context: RestoreContext<Event>): Promise<Snapshot<Event>> {
  const { stage, partition, log, clock, deadlineMs, progress } = context;
  const topic: TopicPartition = { topic: stage.stateTopic, partition };
  const { start, end } = await within(clock, deadlineMs, "reading the state topic's bounds", log.bounds(topic));
  const snapshot: Snapshot<Event> = {
    start,
    state: stage.createState(),
    marker: null,
    epoch: 0,
    filled: false,
    mixed: false,
    records: 0,
    corrupt: null,
  };
  const orCorrupt = (record: LogRecord, what: (record: LogRecord) => void): void => {
    try {
      what(record);
    } catch (error) {
      snapshot.corrupt ??= `the snapshot is corrupt at ${stage.stateTopic}/${partition}/${record.offset}: ${String(error)}`;
    }
  };
  /** The last record of each chunk that was read and not loaded yet: what is not compacted has many of the same one. */
  const waiting = new Map<string, LogRecord>();
  let bytes = 0;
  const take = (record: LogRecord): void => {
    snapshot.records += 1;
    bytes += record.value?.length ?? 0;
    if (noteRecord(stage, snapshot, record)) waiting.set((record.key as Buffer).toString("latin1"), record);
  };
  let [readTo, of] = [0, 0];
  const tell = (): void => progress({ partition, what: "snapshot", done: readTo, of });
  const loadWaiting = async (): Promise<void> => {
    await inTurns(
      context,
      [...waiting.values()],
      (record) => orCorrupt(record, (chunk) => loadChunk(snapshot, chunk)),
      tell,
    );
    waiting.clear();
    bytes = 0;
  };
  const told = (...now: [done: number, of: number]): void => {
    [readTo, of] = now;
    tell();
  };
  await eachBatch(context, topic, start, end, told, async (records, toldOf) => {
    await inTurns(context, records, (record) => orCorrupt(record, take), toldOf);
    if (bytes > MOST_WAITING_BYTES) await loadWaiting();
  });
  await loadWaiting();
  return snapshot;
}

/** What a record says at once: its epoch, and of a marker where the state stood. Returns whether it is a chunk. */
function noteRecord<Event>(stage: Stage<Event>, snapshot: Snapshot<Event>, { key, value }: LogRecord): boolean {
  if (key === null) throw new Error("a record without a key");
  const marker = isMarkerKey(key) && value !== null ? decodeMarker(value) : null;
  const chunk = isMarkerKey(key) ? null : parseChunkKey(key);
  const epoch = marker?.epoch ?? chunk?.epoch ?? 0;
  if (epoch > snapshot.epoch) {
    snapshot.epoch = epoch;
    snapshot.mixed ||= snapshot.filled || snapshot.corrupt !== null;
    snapshot.state = stage.createState();
    snapshot.filled = false;
    snapshot.corrupt = null;
  }
  if (marker !== null) snapshot.marker = marker;
  return chunk !== null;
}

function loadChunk<Event>(snapshot: Snapshot<Event>, { key, value }: LogRecord): void {
  const chunk = parseChunkKey(key as Buffer);
  if (chunk.epoch < snapshot.epoch) {
    snapshot.mixed ||= value !== null;
    return;
  }
  snapshot.filled ||= value !== null;
  snapshot.state.load(chunk.key, value);
}

/** The snapshot's state, ready for replay; an empty one if its chunks do not fit together, as when one of them is gone. */
function finished<Event>(
  context: RestoreContext<Event>,
  snapshot: Snapshot<Event>,
  committed: number | null,
  start: number,
): { readonly plan: ReplayPlan; readonly state: StageState<Event> } {
  const { stage, partition } = context;
  const plan = planReplay(context, snapshot, committed, start);
  const state = plan.rebuilt === null ? snapshot.state : stage.createState();
  try {
    state.loaded(plan.streamTimeMs);
    state.historySinceMs = plan.historySinceMs;
    return { plan, state };
  } catch (error) {
    if (snapshot.corrupt !== null || committed === null) throw error;
    const corrupt = `the snapshot of ${stage.stateTopic}/${partition} does not fit together: ${String(error)}`;
    return finished(context, { ...snapshot, corrupt }, committed, start);
  }
}

/** Keys of the chunks that epochs before `epoch` have left in the state topic, deleted ones apart. */
async function chunksBefore<Event>(context: RestoreContext<Event>, epoch: number): Promise<Buffer[]> {
  const { stage, partition, log, clock, deadlineMs } = context;
  const topic: TopicPartition = { topic: stage.stateTopic, partition };
  const { start, end } = await within(clock, deadlineMs, "reading the state topic's bounds", log.bounds(topic));
  const left = new Set<string>();
  await eachRecord(context, topic, start, end, ({ key, value }) => {
    if (key === null || isMarkerKey(key) || !isChunkBefore(key, epoch)) return;
    if (value === null) left.delete(key.toString("latin1"));
    else left.add(key.toString("latin1"));
  });
  return [...left].map((key) => Buffer.from(key, "latin1"));
}

/** A key that nobody can read counts too: what is corrupt must not stay. */
function isChunkBefore(key: Buffer, epoch: number): boolean {
  try {
    return parseChunkKey(key).epoch < epoch;
  } catch {
    return true;
  }
}

/** `progress`: offsets of the range that it is past, once in each turn. */
async function eachRecord<Event>(
  context: RestoreContext<Event>,
  input: TopicPartition,
  from: number,
  to: number,
  onRecord: (record: LogRecord) => void,
  progress: (done: number, of: number) => void = () => {},
): Promise<void> {
  await eachBatch(context, input, from, to, progress, (records, told) => inTurns(context, records, onRecord, told));
}

/** `onBatch` is to tell of each record that it is past. */
async function eachBatch<Event>(
  { log, clock, deadlineMs }: RestoreContext<Event>,
  input: TopicPartition,
  from: number,
  to: number,
  progress: (done: number, of: number) => void,
  onBatch: (records: readonly LogRecord[], told: (last: LogRecord) => void) => Promise<void>,
): Promise<void> {
  if (from >= to) return;
  progress(0, to - from);
  const reader = log.read(input, from, to);
  try {
    for (;;) {
      const batch = await within(clock, deadlineMs, `reading ${input.topic}/${input.partition}`, reader.next());
      if (batch === null) return;
      await onBatch(batch.records, ({ offset }) => progress(offset + 1 - from, to - from));
    }
  } finally {
    reader.close();
  }
}

/** Takes turns with everybody else; `told` of the last record of each turn. */
async function inTurns<Event>(
  { clock, turns, signal }: RestoreContext<Event>,
  records: readonly LogRecord[],
  onRecord: (record: LogRecord) => void,
  told: (last: LogRecord) => void = () => {},
): Promise<void> {
  for (let at = 0; at < records.length; ) {
    await turns.next();
    if (signal.aborted) throw new ReaderClosed("the partition was released");
    const untilMs = clock.now() + BUSY_MS;
    do {
      const end = Math.min(at + LOOK_EVERY, records.length);
      for (; at < end; at += 1) onRecord(records[at] as LogRecord);
    } while (at < records.length && clock.now() < untilMs);
    told(records[at - 1] as LogRecord);
  }
}
