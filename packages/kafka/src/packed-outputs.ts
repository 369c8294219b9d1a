/**
 * What a commit is to write, as the record batches that it will be sent as: by topic and partition, each of bounded size,
 * filled while the records are computed. What is held until the commit is these bytes, and no object for each record.
 */
import type { OutputList, OutputRecord, Outputs } from "@weir/stream";
import { PIECE_BYTES, RecordBatch, sizeBound } from "./record-batch.ts";

/** A batch of more is split. A larger single record goes alone; the broker's message.max.bytes decides on it. */
export const BATCH_MAX_BYTES = 512 * 1024;
export const BATCH_MAX_RECORDS = 1000;

/** Of one partition, in the order of its records. */
export type PartitionBatches = {
  readonly topic: string;
  readonly partition: number;
  readonly batches: RecordBatch[];
};

export class PackedOutputs implements OutputList {
  readonly #partitions: PartitionBatches[] = [];
  /** Their numbers, by topic, then by partition: lists with holes. */
  readonly #numbers = new Map<string, number[]>();
  /** Of each record the number of its partition. */
  #order = new Uint32Array(64);
  #length = 0;

  /** The records as they are, or packed now. */
  static of(outputs: Outputs): PackedOutputs {
    if (outputs instanceof PackedOutputs) return outputs;
    const packed = new PackedOutputs();
    for (const record of outputs) packed.push(record);
    return packed;
  }

  get length(): number {
    return this.#length;
  }

  get partitions(): readonly PartitionBatches[] {
    return this.#partitions;
  }

  /** Copies the record. One without a timestamp of its own gets the present. */
  push(record: OutputRecord): void {
    const number = this.#numberOf(record);
    const { batches } = this.#partitions[number] as PartitionBatches;
    let batch = batches.at(-1);
    if (batch === undefined || isFull(batch, 1, sizeBound(record))) {
      batch = new RecordBatch(batch === undefined ? undefined : PIECE_BYTES);
      batches.push(batch);
    }
    batch.add(record, record.timestampMs < 0 ? Date.now() : record.timestampMs);
    if (this.#length === this.#order.length) this.#order = grown(this.#order);
    this.#order[this.#length] = number;
    this.#length += 1;
  }

  /** In the order in which they were pushed; keys and values are views of the batches. */
  *[Symbol.iterator](): Generator<OutputRecord> {
    const readers = this.#partitions.map(({ batches }) => recordsOf(batches));
    for (let at = 0; at < this.#length; at += 1) {
      const number = this.#order[at] as number;
      const { topic, partition } = this.#partitions[number] as PartitionBatches;
      const { value: record } = (readers[number] as ReturnType<typeof recordsOf>).next();
      if (record === undefined) throw new Error(`output ${at} of ${this.#length} is not in its batch`);
      const { key, value, headers, timestampMs } = record;
      yield { topic, partition, key, value, headers, timestampMs };
    }
  }

  #numberOf({ topic, partition }: OutputRecord): number {
    let numbers = this.#numbers.get(topic);
    if (numbers === undefined) {
      numbers = [];
      this.#numbers.set(topic, numbers);
    }
    const known = numbers[partition];
    if (known !== undefined) return known;
    numbers[partition] = this.#partitions.length;
    return this.#partitions.push({ topic, partition, batches: [] }) - 1;
  }
}

function* recordsOf(batches: readonly RecordBatch[]) {
  for (const batch of batches) yield* batch.records();
}

const grown = (order: Uint32Array): Uint32Array<ArrayBuffer> => {
  const larger = new Uint32Array(order.length * 2);
  larger.set(order);
  return larger;
};

const isFull = (batch: RecordBatch, records: number, bytes: number): boolean =>
  batch.count + records > BATCH_MAX_RECORDS || batch.size + bytes > BATCH_MAX_BYTES;

export type PlannedBatch = { readonly topic: string; readonly partition: number; readonly batch: RecordBatch };

/**
 * In rounds: a round holds at most one batch of a partition, and a partition's batches are in the order of the lists, and
 * of their records. Small ones of several lists are sent as one; the lists stay as they are.
 */
export const planProduce = (lists: readonly PackedOutputs[]): PlannedBatch[][] => {
  const rounds: PlannedBatch[][] = [];
  const [only] = lists;
  const partitions = lists.length === 1 && only !== undefined ? only.partitions : joined(lists);
  for (const { topic, partition, batches } of partitions) {
    for (const [round, batch] of batches.entries()) {
      rounds[round] ??= [];
      rounds[round].push({ topic, partition, batch });
    }
  }
  return rounds;
};

const joined = (lists: readonly PackedOutputs[]): PartitionBatches[] => {
  const byPartition = Map.groupBy(
    lists.flatMap(({ partitions }) => partitions),
    ({ topic, partition }) => `${topic}/${partition}`,
  );
  return [...byPartition.values()].map((same) => {
    const [first] = same as [PartitionBatches];
    return same.length === 1 ? first : { ...first, batches: together(same.flatMap(({ batches }) => batches)) };
  });
};

/** As few as the bounds allow without splitting one. */
const together = (batches: readonly RecordBatch[]): RecordBatch[] => {
  const result: RecordBatch[] = [];
  let ours: RecordBatch | null = null;
  for (const batch of batches) {
    const last = result.at(-1);
    if (last === undefined || isFull(last, batch.count, batch.size)) {
      result.push(batch);
      ours = null;
      continue;
    }
    if (ours === null) {
      ours = new RecordBatch(last.size + batch.size);
      ours.append(last);
      result[result.length - 1] = ours;
    }
    ours.append(batch);
  }
  return result;
};
