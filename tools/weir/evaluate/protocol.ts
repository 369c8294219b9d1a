/** How an evaluation goes: what is scored, what is known by then, and when a model is trained on it. */
export type Protocol = {
  /** How long after its transaction a label is known. */
  readonly labelDelayMs: number;
  /** What a model is trained on: so much of what is labelled. Null: the ruleset's own model file scores. */
  readonly trainWindowMs: number | null;
  /** How long a model serves; null: to the end. */
  readonly retrainMs: number | null;
  /** Scored are event times in [fromMs, toMs). Null: from the first and to the last. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Cards with a fraud that was known by the beginning of the day leave the figures of that day: the handbook's. */
  readonly leaveOutKnown: boolean;
  /** How many transactions a day people can look at. */
  readonly alertsPerDay: number;
};

/** Cards that are looked at in a day for the card precision. */
export const CARDS_PER_DAY = 100;
/** The last share of a training window's time, where a model is tried that was trained on the rest. */
export const LATER_SHARE = 0.25;
