/** What can befall a process, or all of them, at a point where it waits for the log. */
import type { Dice } from "./dice.ts";

/** How often each happens, of a thousand waits. */
const PER_THOUSAND = {
  /** The answer takes its time: it is overtaken by others'. */
  slow: 120,
  /** The request never arrived. */
  "lost request": 8,
  /** It took effect, but the answer never came. */
  "lost reply": 8,
  /** No answer for longer than anybody waits. */
  stuck: 3,
  /** The process dies there; the group gives up on it when its session has expired. */
  crash: 4,
  /** It stands still, often for longer than its session: then it wakes as a zombie and joins again a while later. */
  freeze: 5,
  /** It is told to stop, and comes back later. */
  stop: 4,
  /** One more process joins. */
  join: 3,
  /** No process gets an answer for a while. */
  "broker freeze": 1,
  /**
   * A coordinator that has just come up answers from the offsets that it has loaded so far, as Apache Kafka 4.3.1 was seen
   * to do after a kill -9: some are missing, some are older than what was committed.
   */
  "stale offsets": 2,
  /** State topics are compacted. */
  compaction: 4,
  /** Such a coordinator has left out what was committed to one partition last, or ever, and never tells it any more. */
  "forgotten offset": 1,
} as const;

export type FaultKind = keyof typeof PER_THOUSAND;

export const FAULT_KINDS = Object.keys(PER_THOUSAND) as FaultKind[];

/** The fault that happens at this wait; null, mostly: none. */
export function drawFault(dice: Dice): FaultKind | null {
  let left = dice.unit() * 1_000;
  for (const kind of FAULT_KINDS) {
    left -= PER_THOUSAND[kind];
    if (left < 0) return kind;
  }
  return null;
}

/** How long it lasts, ms. */
export function drawDurationMs(kind: FaultKind, dice: Dice): number {
  switch (kind) {
    case "slow":
      return dice.between(1, dice.unit() < 0.1 ? 3_000 : 40);
    case "stuck":
      return dice.between(5_000, 40_000);
    case "freeze":
      return dice.between(50, 25_000);
    case "broker freeze":
      return dice.between(100, 15_000);
    case "stale offsets":
      return dice.between(100, 3_000);
    default:
      return 0;
  }
}
