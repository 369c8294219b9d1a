/** How a transaction leaves a stage that has asked its state: onwards to the next one, or decided. */
import type { LogRecord } from "@weir/schema";
import type { Observation, Origin } from "../window/observation.ts";
import type { ChainState, ChainStep } from "./chain-stage.ts";

/** A transaction that all features up to those of this stage are known of. */
export type Answered = {
  /** Its value is the input's. */
  readonly record: LogRecord;
  /** The input's own headers. */
  readonly headers: LogRecord["headers"];
  /** The input's own key. */
  readonly key: Buffer | null;
  /** Place of the last brace in the value. */
  readonly closeAtByte: number;
  readonly observation: Observation;
  readonly state: ChainState;
  /** Of the whole plan, known up to this stage's. */
  readonly features: Float64Array;
  readonly incomplete: readonly string[];
  readonly order: number;
  readonly late: boolean;
  readonly approximate: boolean;
  /** 0: all that its windows ask for is known. */
  readonly historySinceMs: number;
};

export type Departure = (answered: Answered) => ChainStep;

/** What earlier stages knew of the features before this stage's. */
export type Earlier = {
  has(feature: number): boolean;
  origins(feature: number): readonly Origin[];
};
