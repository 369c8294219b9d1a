/**
 * One batch of a partition, computed once: its outputs, its share of the rolling snapshot and its marker.
 * The result is kept until its fate is known, so that after an unknown commit the same bytes go out again.
 */
import { type NewRecord, partitionFor } from "@weir/schema";
import { chunkKey, encodeMarker, MARKER_KEY } from "./marker.ts";
import { tagOf } from "./ownership.ts";
import type { Batch, CommitPart, OutputRecord } from "./port.ts";
import { type Stage, type StageState, stepOrReject } from "./stage.ts";

export type PendingBatch = {
  readonly batch: Batch;
  /** Unlike that of every other batch; the tag of its commit begins with it. */
  readonly name: string;
  readonly part: CommitPart;
  readonly labels: ReadonlyMap<string, number>;
  /** Offsets whose step threw, with what it threw. */
  readonly thrown: readonly { readonly offset: number; readonly error: unknown }[];
  readonly snapshotRecords: number;
};

/** What the batch is computed on. */
export type OwnedState<Event> = {
  readonly state: StageState<Event>;
  /** Stamped on every chunk and marker; see Marker. */
  readonly epoch: number;
  /** Keys of the state topic that an earlier epoch has left: each is deleted once, from the end on. */
  readonly leftovers: Buffer[];
};

export type BatchContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly processId: string;
  /** Partition count of every topic in stage.outputs. */
  readonly partitionCounts: ReadonlyMap<string, number>;
  /** At least this many snapshot chunks a transaction; a quarter of the batch when that is more. */
  readonly snapshotChunks: number;
};

/**
 * Steps through the batch and applies it to the state. `name` must be unlike that of every other batch, of this
 * process and all others. Throws only if the runtime itself is wrong.
 */
export function computeBatch<Event>(
  context: BatchContext<Event>,
  owned: OwnedState<Event>,
  batch: Batch,
  name: string,
): PendingBatch {
  const { state } = owned;
  const { stage, partition, processId } = context;
  const outputs: OutputRecord[] = [];
  const labels = new Map<string, number>();
  const thrown: { offset: number; error: unknown }[] = [];
  for (const record of batch.records) {
    const step = stepOrReject(stage, state, record, partition, (error) =>
      thrown.push({ offset: record.offset, error }),
    );
    for (const output of step.outputs) outputs.push(withPartition(output, context));
    labels.set(step.label, (labels.get(step.label) ?? 0) + 1);
    if (step.event !== null) state.apply(step.event, record.offset);
  }
  const snapshot = snapshotRecords(context, owned, batch);
  for (const record of snapshot) outputs.push(record);
  const tag = tagOf({ batch: name, owner: processId });
  return {
    batch,
    name,
    part: { input: { topic: stage.input, partition }, next: batch.next, tag, outputs },
    labels,
    thrown,
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
  { stage, partition, snapshotChunks }: BatchContext<Event>,
  { state, epoch, leftovers }: OwnedState<Event>,
  batch: Batch,
): OutputRecord[] {
  const timestampMs = batch.records.at(-1)?.timestampMs ?? -1;
  const record = (key: Buffer, value: Buffer | null): OutputRecord => ({
    topic: stage.stateTopic,
    partition,
    key,
    value,
    headers: [],
    timestampMs,
  });
  const limit = Math.max(snapshotChunks, batch.records.length >> 2);
  const records = state.takeSnapshot(limit, batch.next).map((chunk) => record(chunkKey(epoch, chunk.key), chunk.value));
  for (const key of leftovers.splice(-limit)) records.push(record(key, null));
  const marker = encodeMarker({
    position: batch.next,
    replayFrom: state.replayFrom ?? { offset: batch.next, streamTimeMs: state.streamTimeMs },
    identity: stage.identity,
    epoch,
  });
  records.push(record(MARKER_KEY, marker));
  return records;
}
