/**
 * Plays a data set: each row is sent when it is due, whatever becomes of those before it (open loop). After a stall what
 * is due goes out at once, but two seconds' worth at most; the rest is put off, since every row has to be sent.
 */
import type { DataRow } from "@weir/dataset";
import type { Sink, SinkRecord } from "@weir/generator";
import type { Pace } from "./pace.ts";
import type { DueLabel, Records } from "./records.ts";

export type PlayerClock = {
  readonly monotonicMs: () => number;
  readonly epochMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
};

export type PlayerOptions = {
  readonly records: Records;
  readonly sink: Pick<Sink, "send">;
  readonly topics: { readonly transactions: string; readonly labels: string };
  readonly pace: Pace;
  readonly clock: PlayerClock;
  /** Resolves when the detector has taken in all labels that were sent; asked before the first transaction that may see one. */
  readonly untilLabelsAreIn: () => Promise<void>;
  readonly stopping: AbortSignal;
};

const MAX_BATCH = 1000;
const MAX_BEHIND_MS = 2000;

export class Player {
  readonly #options: PlayerOptions;
  #waiting: SinkRecord[] = [];
  #startMs: number | null = null;
  #putOffMs = 0;
  #number = 0;
  /** From when on the first label counts that may not be in yet. */
  #labelsCountFromMs = Number.POSITIVE_INFINITY;
  sent = 0;
  labels = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  get putOffMs(): number {
    return this.#putOffMs;
  }

  /** Sends the rows in their order; those that are not due yet wait. Throws when Kafka does not take them. */
  async play(rows: readonly DataRow[]): Promise<void> {
    const { records, pace, stopping, clock } = this.#options;
    for (const row of rows) {
      if (stopping.aborted) return;
      const timeMs = row.ok ? row.timeMs : null;
      await this.#untilDue(pace.dueMs(this.#number++, timeMs));
      if (timeMs !== null) await this.#prepareLabels(timeMs);
      const record = records.transaction(row, clock.epochMs());
      if (record !== null) this.#waiting.push(record);
      if (this.#waiting.length >= MAX_BATCH) await this.#flush();
    }
  }

  /** What is gathered; and at the end of the data the labels that are left. */
  async end(): Promise<void> {
    const { records, stopping, clock } = this.#options;
    await this.#flush();
    if (!stopping.aborted) await this.#tell(records.labels(Number.POSITIVE_INFINITY, clock.epochMs()));
  }

  async #untilDue(dueMs: number): Promise<void> {
    const { clock } = this.#options;
    const startMs = this.#startMs ?? clock.monotonicMs();
    this.#startMs = startMs;
    const leftMs = (): number => dueMs + this.#putOffMs - (clock.monotonicMs() - startMs);
    if (leftMs() > 0) await this.#flush();
    // The send took its time too.
    const waitMs = leftMs();
    if (waitMs > 0) await clock.sleep(waitMs);
    else if (dueMs > 0 && -waitMs > MAX_BEHIND_MS) this.#putOffMs += -waitMs - MAX_BEHIND_MS;
  }

  async #prepareLabels(timeMs: number): Promise<void> {
    const { records, clock, untilLabelsAreIn } = this.#options;
    await this.#tell(records.labels(timeMs, clock.epochMs()));
    if (timeMs < this.#labelsCountFromMs) return;
    await this.#flush();
    await untilLabelsAreIn();
    this.#labelsCountFromMs = Number.POSITIVE_INFINITY;
  }

  /** Behind the transactions that they are about. */
  async #tell(labels: readonly DueLabel[]): Promise<void> {
    const [first] = labels;
    if (first === undefined) return;
    await this.#flush();
    const { sink, topics } = this.#options;
    for (let from = 0; from < labels.length; from += MAX_BATCH) {
      const some = labels.slice(from, from + MAX_BATCH);
      await sink.send(
        topics.labels,
        some.map(({ record }) => record),
      );
    }
    this.labels += labels.length;
    this.#labelsCountFromMs = Math.min(this.#labelsCountFromMs, first.labelledAtMs);
  }

  async #flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { sink, topics } = this.#options;
    await sink.send(topics.transactions, this.#waiting);
    this.sent += this.#waiting.length;
    this.#waiting = [];
  }
}
