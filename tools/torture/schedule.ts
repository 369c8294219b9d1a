/** What is done to a run: drawn from a seed, so that a run can be asked for again. */

import { Random } from "@weir/scenario";

/** How often each is drawn, beside the others: three in four befall processes, as most do in life. */
const WEIGHTS = {
  /** kill -9 of a detector. */
  kill: 8,
  /** SIGTERM of a detector. */
  terminate: 12,
  /** SIGSTOP of a detector for longer than its session, then SIGCONT: a zombie. */
  freeze: 3,
  /** One more detector joins, and leaves again. */
  join: 4,
  /** kill -9 of all detectors at once. */
  all: 2,
  /** kill -9 of a broker, which is started again. */
  broker: 2,
  /** SIGSTOP of a broker for some seconds, then SIGCONT. */
  "broker freeze": 1,
  /** A broker is stopped in good order and started again. Of several alone: see ofBrokers. */
  "broker restart": 1,
  /** All connections between detectors and brokers are reset, and new ones for some seconds. */
  cut: 1,
  /** All connections are reset once. */
  reset: 1,
  /** What goes between detectors and brokers takes its time. */
  delay: 1,
  /** Connections stay open, but in one direction or both nothing comes through. */
  "half open": 1,
  /** The broker commits, its reply does not arrive. */
  "lost reply": 2,
  /** The commit does not arrive. */
  "lost request": 1,
} as const;

export type Fault = keyof typeof WEIGHTS;

export const FAULTS = Object.keys(WEIGHTS) as Fault[];

/** Of processes; the others are of brokers and the network. */
export const PROCESS_FAULTS: ReadonlySet<Fault> = new Set(["kill", "terminate", "freeze", "join", "all"]);

/**
 * The kinds that so many brokers can be asked to bear. One alone cannot be stopped in good order: it gives up the
 * leadership of all its partitions first, and Apache Kafka (seen in 4.3.1) drops the markers of a commit for partitions
 * that have no leader at that moment, as if they had been deleted. The commit counts as complete, yet its records are
 * open, until whatever the same producer commits next makes them visible: decisions are doubled, and no client can tell.
 */
export function ofBrokers(count: number): Fault[] {
  return FAULTS.filter((fault) => count > 1 || fault !== "broker restart");
}

/** Every one of the kinds once, in a drawn order; then, for ever, drawn by weight. */
export function* schedule(seed: number, kinds: readonly Fault[]): Generator<Fault> {
  const random = new Random(seed, 0);
  const once = [...kinds];
  for (let left = once.length; left > 0; left -= 1) yield once.splice(random.below(left), 1)[0] as Fault;
  const bag = kinds.flatMap((fault) => Array.from({ length: WEIGHTS[fault] }, () => fault));
  for (;;) yield bag[random.below(bag.length)] as Fault;
}
