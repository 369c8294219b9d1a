/** What a log tells the state of an entity. */
import type { DecodedTransaction } from "@weir/schema";

/** The input record that a decision is about: with the input's topic its decision id. */
export type Origin = { readonly partition: number; readonly offset: number };

/** A transaction as it is asked about, and afterwards applied. */
export type Observation = {
  readonly kind: "transaction";
  readonly transaction: DecodedTransaction;
  /** Event time: the transaction's own, else its record's. */
  readonly timeMs: number;
  readonly origin: Origin;
  /** What an earlier stage knows of history.ts, ms; 0 or nothing: all of it. */
  readonly historySinceMs?: number;
};

/** The truth about a past transaction, as it reached this log. */
export type Labelling = {
  readonly kind: "label";
  /** The labelled transaction's value of the state's entity. */
  readonly key: string;
  /** Its source, whose own its `id` is. */
  readonly source: string;
  /** Its `id`. */
  readonly transaction: string;
  /** What `transaction` names if it is a decision id of the input: it means a transaction without an `id`. */
  readonly origin: Origin | null;
  readonly fraud: boolean;
  /** Questions about earlier times do not know it yet. */
  readonly labelledAtMs: number;
};

export type StateEvent = Observation | Labelling;

/** An earlier transaction of the same source and id. `samePayload`: it says the same in every member that we read. */
export type Duplicate = { readonly origin: Origin; readonly samePayload: boolean };
