/**
 * One batch of a partition, computed once: its outputs, its share of the rolling snapshot and its marker.
 * The result is kept until its fate is known, so that after an unknown commit the same bytes go out again.
 */
import { type NewRecord, partitionFor, sampledContext } from "@weir/schema";
import type { TracedRecord } from "./events.ts";
import { chunkKey, encodeMarker, MARKER_KEY } from "./marker.ts";
import type { Batch, CommitPart, Log, OutputRecord } from "./port.ts";
import { type Stage, type StageState, stepOrReject } from "./stage.ts";
import { tagOf } from "./standing.ts";

export type PendingBatch = {
  /** The input offset that it begins with. */
  readonly from: number;
  /** See Batch; of the last one that it is made of. */
  readonly endOffset: number;
  /** See BatchCommitted. */
  readonly timestampsMs: Float64Array;
  /** Unlike that of every other batch; the tag of its commit begins with it. */
  readonly name: string;
  readonly part: CommitPart;
  readonly labels: ReadonlyMap<string, number>;
  /** Offsets whose step threw, with what it threw. */
  readonly thrown: readonly { readonly offset: number; readonly error: unknown }[];
  readonly traced: readonly TracedRecord[];
  readonly snapshotRecords: number;
};

/** What the batch is computed on. */
export type OwnedState<Event> = {
  readonly state: StageState<Event>;
  /** Stamped on every chunk and marker; see Marker. */
  readonly epoch: number;
  /** See Marker. */
  readonly snapshotFrom: number;
  /** See Marker. */
  readonly inputId: string;
  /** Keys of the state topic that an earlier epoch has left: each is deleted once, from the end on. */
  readonly leftovers: Buffer[];
};

export type BatchContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly log: Pick<Log, "outputs">;
  readonly processId: string;
  /** Partition count of every topic in stage.outputs. */
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** Whether headers are looked through for records to trace. */
  readonly tracing: boolean;
};

/**
 * Steps through what was read, one batch or several that follow each other, and applies it to the state. `name` must be unlike that of every other batch, of this
 * process and all others. Throws only if the runtime itself is wrong.
 */
export function computeBatch<Event>(
  context: BatchContext<Event>,
  owned: OwnedState<Event>,
  batches: Iterable<Batch>,
  name: string,
): PendingBatch {
  const { state } = owned;
  const { stage, partition, log, processId, tracing } = context;
  const outputs = log.outputs();
  const labels = new Map<string, number>();
  const thrown: { offset: number; error: unknown }[] = [];
  const traced: TracedRecord[] = [];
  const timestampsMs: number[] = [];
  let [from, next, endOffset] = [-1, -1, -1];
  for (const batch of batches) {
    if (from === -1) from = batch.from;
    ({ next, endOffset } = batch);
    for (const record of batch.records) {
      const { offset, timestampMs } = record;
      const step = stepOrReject(stage, state, record, partition, (error) => thrown.push({ offset, error }));
      for (const output of step.outputs) outputs.push(withPartition(output, context));
      labels.set(step.label, (labels.get(step.label) ?? 0) + 1);
      if (step.event !== null) state.apply(step.event, offset);
      timestampsMs.push(timestampMs);
      const sampled = tracing ? sampledContext(record.headers) : null;
      if (sampled !== null) traced.push({ offset, timestampMs, label: step.label, context: sampled });
    }
  }
  const tag = tagOf({ batch: name, owner: processId });
  const read = { records: timestampsMs.length, next, timestampMs: timestampsMs.at(-1) ?? -1 };
  const snapshot = snapshotRecords(context, owned, read, tag);
  for (const record of snapshot) outputs.push(record);
  return {
    name,
    from,
    endOffset,
    timestampsMs: Float64Array.from(timestampsMs),
    part: { input: { topic: stage.input, partition }, next, tag, outputs },
    labels,
    thrown,
    traced,
    snapshotRecords: snapshot.length - 1,
  };
}

function withPartition<Event>(record: NewRecord, context: BatchContext<Event>): OutputRecord {
  const count = context.partitionCounts.get(record.topic);
  if (count === undefined)
    throw new Error(`stage ${context.stage.name} writes to ${record.topic}, not among its outputs`);
  const partition = record.key === null ? context.partition % count : partitionFor(record.key, count);
  const { topic, key, value, headers, timestampMs } = record;
  return { topic, key, value, headers, timestampMs, partition };
}

/** The longest-dirty chunks, then the marker: last, so that a reader has seen all that it speaks of. */
function snapshotRecords<Event>(
  context: BatchContext<Event>,
  owned: OwnedState<Event>,
  read: { readonly records: number; readonly next: number; readonly timestampMs: number },
  tag: string,
): OutputRecord[] {
  const { state, leftovers } = owned;
  const { next, timestampMs } = read;
  const limit = chunksFor(read.records, next - (state.replayFrom?.offset ?? next));
  const records = chunkRecords(context, owned, limit, next, timestampMs);
  for (const key of leftovers.splice(-limit)) records.push(stateRecord(context, key, null, timestampMs));
  records.push(markerRecord(context, owned, next, tag, timestampMs));
  return records;
}

/** At most `limit` of the longest-dirty chunks of the state as it is at `position`; they count as written from here on. */
export function chunkRecords<Event>(
  context: Pick<BatchContext<Event>, "stage" | "partition">,
  { state, epoch }: OwnedState<Event>,
  limit: number,
  position: number,
  timestampMs = -1,
): OutputRecord[] {
  return state
    .takeSnapshot(limit, position)
    .map(({ key, value }) => stateRecord(context, chunkKey(epoch, key), value, timestampMs));
}

/** With replay longer than this more chunks are written than records come in, so that it gets shorter. */
const LONG_REPLAY = 100_000;

/**
 * How many chunks, or tombstones of some, go with `records` new ones when a restore would have to replay `replay`: a share of
 * the records, which is enough where keys come again and again; once replay is long more than one chunk and one tombstone
 * for each, as when every record has a key of its own. Bounded by the batch either way, whatever the number of dirty chunks.
 */
function chunksFor(records: number, replay: number): number {
  const quarter = Math.ceil(records / 4);
  return replay > LONG_REPLAY ? 2 * (records + quarter) : quarter;
}

/** Says that `owned` is the state at `position`, where a commit with `tag` stands. */
export function markerRecord<Event>(
  context: Pick<BatchContext<Event>, "stage" | "partition">,
  { state, epoch, snapshotFrom, inputId }: OwnedState<Event>,
  position: number,
  tag: string,
  timestampMs = -1,
): OutputRecord {
  const marker = encodeMarker({
    position,
    replayFrom: state.replayFrom ?? { offset: position, streamTimeMs: state.streamTimeMs },
    identity: context.stage.identity,
    epoch,
    tag,
    snapshotFrom,
    historySinceMs: state.historySinceMs,
    feeds: context.stage.feeds ?? [],
    ids: context.stage.ids,
    inputId,
  });
  return stateRecord(context, MARKER_KEY, marker, timestampMs);
}

function stateRecord<Event>(
  { stage, partition }: Pick<BatchContext<Event>, "stage" | "partition">,
  key: Buffer,
  value: Buffer | null,
  timestampMs: number,
): OutputRecord {
  return { topic: stage.stateTopic, partition, key, value, headers: [], timestampMs };
}
