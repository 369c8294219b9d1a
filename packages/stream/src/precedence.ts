/**
 * A stage that another one precedes: what it reads is decided once the other is through with all that could be read of
 * its own input by then. So labels stay behind the transactions that they are about, which come into the same log from
 * another topic, however far the gate is behind.
 *
 * What is waited for is settled when the wait begins: it ends although ever more comes in. It is not bounded by time,
 * since going on would be wrong and waiting loses nothing: what is not decided stays in its topic.
 */
import { type Clock, orAborted } from "./clock.ts";
import type { StageEvents } from "./events.ts";
import { leftOf, stretchesOf } from "./lag.ts";
import type { Log } from "./port.ts";

/** Whom a stage lets go first. */
export type Predecessor = {
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
};

export type PrecedenceContext = {
  readonly log: Log;
  readonly clock: Clock;
  readonly events: Pick<StageEvents, "held" | "resumed">;
};

/**
 * Asking is dear, three requests for each partition, and who is preceded is in no hurry: the other is given time to get
 * there before it is asked where it is, and what is read here meanwhile shares the next time.
 */
const LOOK_EVERY_MS = 1_000;

export class Precedence {
  readonly #context: PrecedenceContext;
  readonly #predecessor: Predecessor;
  readonly #closed = new AbortController();
  /** The one under way, and the one after it, which is for all who ask from now on. */
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(context: PrecedenceContext, predecessor: Predecessor) {
    this.#context = context;
    this.#predecessor = predecessor;
  }

  /** Resolves when what was read by now may be decided, or the signal is aborted. Throws what the log throws. */
  async clear(signal: AbortSignal): Promise<void> {
    if (this.#next === null) {
      this.#next = this.#last.then(() => {
        this.#next = null;
        return this.#wait();
      });
      this.#last = this.#next.catch(() => {});
    }
    await orAborted(this.#next, signal);
  }

  /** Holds nobody any more. */
  close(): void {
    this.#closed.abort();
  }

  async #wait(): Promise<void> {
    const { log, clock, events } = this.#context;
    const { group, topic, partitions } = this.#predecessor;
    const closed = this.#closed.signal;
    if (closed.aborted) return;
    let left = await stretchesOf(log, topic, partitions);
    let heldSinceMs: number | null = null;
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS, closed);
      if (closed.aborted) break;
      left = await leftOf(log, group, left);
      if (left.length === 0) break;
      if (heldSinceMs !== null) continue;
      heldSinceMs = clock.now();
      const lag = left.reduce((sum, { from, to }) => sum + to - from, 0);
      events.held({ topic, lag, maxLag: 0 });
    }
    if (heldSinceMs !== null) events.resumed({ topic, ms: clock.now() - heldSinceMs });
  }
}
