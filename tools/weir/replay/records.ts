/**
 * The rows of a data set as records for Kafka, and their truth as labels. A label is published as the generator does it:
 * behind its transaction, and long before the first one that may see it.
 */
import type { DataRow } from "@weir/dataset";
import type { SinkRecord } from "@weir/generator";
import { Agenda, PUBLISHED_AFTER } from "@weir/scenario";
import { type DecodedTransaction, decodeTransaction, partitionFor } from "@weir/schema";

export type RecordsOptions = {
  /** Of the topic of transactions. */
  readonly partitions: number;
  /** From a transaction to when it is known to be fraud; null: nothing is told. */
  readonly labelDelayMs: number | null;
  /** Begins the ids of rows that have none: a label has to name its transaction. */
  readonly name: string;
};

/** `labelledAtMs`: from when on it counts. */
export type DueLabel = { readonly labelledAtMs: number; readonly record: SinkRecord };

type Pending = { readonly labelledAtMs: number; readonly source: string; readonly value: Buffer };

const CLOSE = 0x7d;

export class Records {
  readonly #options: RecordsOptions;
  readonly #pending = new Agenda<Pending>();
  /** Rows that are no message at all. */
  leftOut = 0;

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Null for a row that is no message. One that is no valid transaction is sent as it is: the detector says why. */
  transaction(row: DataRow, epochMs: number): SinkRecord | null {
    if (!row.ok) {
      this.leftOut += 1;
      return null;
    }
    const decoded = decodeTransaction(row.value);
    if (!decoded.ok) return { key: null, value: row.value, partition: null, timestampMs: epochMs };
    const { transaction } = decoded;
    const { name, partitions } = this.#options;
    const named = nameOf(transaction, row.value, `${name}-${row.line}`);
    if (row.fraud === true && named.id !== null && transaction.timestampMs !== null)
      this.#expect(transaction, named.id, transaction.timestampMs);
    const partition = partitionFor(transaction.source, partitions);
    return { key: Buffer.from(transaction.source), value: named.value, partition, timestampMs: epochMs };
  }

  /** Labels that are to be out before a transaction of event time `timeMs`, the first to count first; all that are left for Infinity. */
  labels(timeMs: number, epochMs: number): DueLabel[] {
    // They are put down by when they count.
    const knownMs = timeMs + (this.#options.labelDelayMs ?? 0) * (1 - PUBLISHED_AFTER);
    const due: DueLabel[] = [];
    for (let label = this.#pending.takeDue(knownMs); label !== null; label = this.#pending.takeDue(knownMs)) {
      const { labelledAtMs, source, value } = label;
      due.push({ labelledAtMs, record: { key: Buffer.from(source), value, partition: null, timestampMs: epochMs } });
    }
    return due;
  }

  #expect({ source, target }: DecodedTransaction, transaction: string, timestamp: number): void {
    const { labelDelayMs } = this.#options;
    if (labelDelayMs === null) return;
    const labelledAt = timestamp + labelDelayMs;
    const value = Buffer.from(JSON.stringify({ transaction, source, target, timestamp, fraud: true, labelledAt }));
    this.#pending.add(labelledAt, { labelledAtMs: labelledAt, source, value });
  }
}

/** Its own id, else `otherwise`, put behind its last member. Null where a member says that there is none. */
function nameOf({ id }: DecodedTransaction, value: Buffer, otherwise: string): { id: string | null; value: Buffer } {
  if (id !== null || value.includes('"id"')) return { id, value };
  const end = Buffer.from(`,"id":${JSON.stringify(otherwise)}}`);
  return { id: otherwise, value: Buffer.concat([value.subarray(0, value.lastIndexOf(CLOSE)), end]) };
}
