/**
 * A stage reads no further while the one after it has too much waiting: records would only pile up between them, and a
 * process that runs both would spend its time on those that cannot be decided yet.
 *
 * How much waits is asked of the log, since the next stage may run in other processes. Asking is dear, so it is done
 * once for every quarter of the bound that was read: with n processes no more than n quarters, and a batch of each
 * partition, go beyond it.
 */
import { type Clock, orAborted } from "./clock.ts";
import type { StageEvents } from "./events.ts";
import { lagOf, waitingOf } from "./lag.ts";
import type { Log } from "./port.ts";

/** Whom a stage writes for. */
export type Downstream = {
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  /** Offsets that may wait there before nothing more is read here. */
  readonly maxLag: number;
};

export type BackPressureContext = {
  readonly log: Log;
  readonly clock: Clock;
  readonly events: Pick<StageEvents, "held" | "resumed">;
};

const LOOK_EVERY_MS = 200;

export class BackPressure {
  readonly #context: BackPressureContext;
  readonly #downstream: Downstream;
  readonly #closed = new AbortController();
  /** Records that may be read before the next look. */
  #room = 0;
  #looking: Promise<void> | null = null;

  constructor(context: BackPressureContext, downstream: Downstream) {
    this.#context = context;
    this.#downstream = downstream;
  }

  /** Resolves when reading may go on, or the signal is aborted. Throws what the log throws. */
  async clear(signal: AbortSignal): Promise<void> {
    if (this.#room > 0 || signal.aborted) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    await orAborted(this.#looking, signal);
  }

  /** So many records were read. */
  took(records: number): void {
    this.#room -= records;
  }

  /** Holds nobody any more. */
  close(): void {
    this.#closed.abort();
  }

  async #look(): Promise<void> {
    const { log, clock, events } = this.#context;
    const { group, topic, partitions, maxLag } = this.#downstream;
    let heldSinceMs: number | null = null;
    let before: number | null = null;
    while (!this.#closed.signal.aborted) {
      let lag = await lagOf(log, group, topic, partitions);
      // What does not move may be nothing but what aborted transactions left, which nobody will ever commit past.
      if (lag === before) lag = await waitingOf(log, group, topic, partitions);
      else before = lag;
      if (lag <= maxLag) break;
      if (heldSinceMs === null) events.held({ topic, lag, maxLag });
      heldSinceMs ??= clock.now();
      await clock.sleep(LOOK_EVERY_MS, this.#closed.signal);
    }
    this.#room = Math.max(1, Math.floor(maxLag / 4));
    if (heldSinceMs !== null) events.resumed({ topic, ms: clock.now() - heldSinceMs });
  }
}
