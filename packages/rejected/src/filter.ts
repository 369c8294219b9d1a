import type { Letter } from "./letter.ts";

/** What is wanted; null: any. */
export type LetterFilter = {
  readonly reasons: ReadonlySet<string> | null;
  /** Inclusive, ms since the epoch, of the input record's own timestamp. A letter without one is in no range. */
  readonly sinceMs: number | null;
  /** Exclusive. */
  readonly untilMs: number | null;
  readonly origins: ReadonlySet<string> | null;
};

export function matches({ reasons, sinceMs, untilMs, origins }: LetterFilter, letter: Letter): boolean {
  const { reason, timestampMs, origin } = letter;
  if (reasons !== null && !reasons.has(reason)) return false;
  if (origins !== null && !origins.has(origin)) return false;
  if ((sinceMs !== null || untilMs !== null) && timestampMs < 0) return false;
  return timestampMs >= (sinceMs ?? timestampMs) && timestampMs < (untilMs ?? Number.POSITIVE_INFINITY);
}
