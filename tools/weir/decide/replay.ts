/**
 * A data set through the engine, row by row, as if its rows lay in one partition of the input: what a detector would
 * write of each. Labels come between the transactions in the order in which they become known, and one that is known
 * at exactly t comes before the transactions of t.
 */
import type { DataRow } from "@weir/dataset";
import {
  type AdmitOptions,
  admit,
  type Decided,
  duplicateRejection,
  type Evaluation,
  Evaluator,
  internalRejection,
  type Plan,
  type Rejection,
  spliceDecision,
  type Tokens,
} from "@weir/engine";
import { Agenda } from "@weir/scenario";
import { type DecodedLabel, type DecodedTransaction, decisionId, TOPICS } from "@weir/schema";

export type ReplayOptions = {
  readonly plan: Plan;
  readonly explain: "none" | "full";
  /** How long after its transaction a label is known. */
  readonly labelDelayMs: number;
  /** 1, as a detector has it; 0: payments of 0.00 count too. */
  readonly leastAmountMinor: 0 | 1;
  /** What ids become; left out, they stay. */
  readonly tokens?: Tokens | undefined;
};

export type Replayed =
  | {
      readonly kind: "decided";
      readonly line: number;
      /** Decision id. */
      readonly id: string;
      /** `facts.features` is written over by the next row. */
      readonly decided: Decided;
      /** The message with its decision. */
      readonly output: Buffer;
    }
  | {
      readonly kind: "rejected";
      readonly line: number;
      readonly rejection: Rejection;
      /** Decision id; null if the row was no message at all, so that it took no place in the input. */
      readonly origin: string | null;
      readonly text: string;
    };

const PARTITION = 0;
/** As a detector has it by default. */
const MAX_RECORD_BYTES = 65_536;
/** A file does not say when its rows arrived, so none is ahead of its arrival. */
const NO_ARRIVAL = Number.POSITIVE_INFINITY;

export class Replay {
  readonly #admission: AdmitOptions;
  readonly #labelDelayMs: number;
  /** Whether any state keeps labels: else nothing could come of them. */
  readonly #wantsLabels: boolean;
  readonly #evaluator: Evaluator;
  readonly #pending = new Agenda<DecodedLabel>();
  /** Of the input, which decision ids are made of. */
  #offset = 0;
  /** Of the log that the labels are in too. */
  #place = 0;
  #lastTimeMs = 0;
  #labelsKnown = 0;
  #labelsUnmatched = 0;

  constructor(options: ReplayOptions) {
    const { plan, explain, labelDelayMs, leastAmountMinor, tokens } = options;
    this.#admission = { maxRecordBytes: MAX_RECORD_BYTES, maxFutureMs: NO_ARRIVAL, leastAmountMinor, tokens };
    this.#labelDelayMs = labelDelayMs;
    this.#wantsLabels = plan.entities.some(({ layout }) => layout.labels);
    this.#evaluator = new Evaluator(plan, { topic: TOPICS.transactions, explain });
  }

  /** `unmatched`: known, and its transaction was not (or no longer) kept where labels are. */
  get labels(): { readonly known: number; readonly unmatched: number; readonly pending: number } {
    return { known: this.#labelsKnown, unmatched: this.#labelsUnmatched, pending: this.#pending.size };
  }

  /** By another plan from now on, which asks the same of the past: one with a new model. */
  decideBy(plan: Plan): void {
    this.#evaluator.decideBy(plan);
  }

  step(row: DataRow): Replayed {
    const { line } = row;
    if (!row.ok) {
      const rejection: Rejection = { reason: "malformed", faults: [row.fault] };
      return { kind: "rejected", line, rejection, origin: null, text: row.text };
    }
    const origin = { partition: PARTITION, offset: this.#offset++ };
    const id = decisionId(TOPICS.transactions, origin.partition, origin.offset);
    const rejected = (rejection: Rejection): Replayed => {
      return { kind: "rejected", line, rejection, origin: id, text: row.value.toString() };
    };
    // A message without any time comes at the time of the one before it.
    const timestampMs = row.timeMs ?? this.#lastTimeMs;
    const record = { offset: origin.offset, timestampMs, key: null, value: row.value, headers: [] };
    const admitted = admit(record, this.#admission);
    if (!admitted.ok) return rejected(admitted.rejection);
    const { transaction, timeMs, closeAtByte } = admitted;
    const value = admitted.record.value as Buffer;
    this.#lastTimeMs = timeMs;
    this.#tellLabels(timeMs);
    let evaluation: Evaluation;
    try {
      evaluation = this.#evaluator.transaction(transaction, timeMs, origin, this.#place++);
    } catch (error) {
      return rejected(internalRejection(error));
    }
    if (evaluation.kind === "duplicate") return rejected(duplicateRejection(evaluation.duplicate, TOPICS.transactions));
    if (row.fraud !== null && this.#wantsLabels) this.#expectLabel(transaction, timeMs, row.fraud, id);
    const output = spliceDecision(value, closeAtByte, evaluation.text);
    return { kind: "decided", line, id, decided: evaluation, output };
  }

  #expectLabel({ id, source, target }: DecodedTransaction, timestampMs: number, fraud: boolean, ours: string): void {
    const labelledAtMs = timestampMs + this.#labelDelayMs;
    this.#pending.add(labelledAtMs, { transaction: id ?? ours, source, target, timestampMs, fraud, labelledAtMs });
  }

  #tellLabels(timeMs: number): void {
    for (let label = this.#pending.takeDue(timeMs); label !== null; label = this.#pending.takeDue(timeMs)) {
      this.#labelsKnown += 1;
      if (!this.#evaluator.label(label, this.#place++)) this.#labelsUnmatched += 1;
    }
  }
}
