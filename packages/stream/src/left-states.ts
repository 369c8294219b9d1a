/**
 * States that partitions left behind when they went to another member, kept for a while: one that comes back, as after a
 * detector's restart, goes on with its state unless somebody else has committed meanwhile, and need not restore it. Whether
 * somebody has is for the runner to see; here they only stay, and not for long, since a state may be most of a process.
 */
import type { OwnedState } from "./batch.ts";
import type { Clock } from "./clock.ts";
import type { Standing } from "./standing.ts";

/** A state, and the commit up to which it is exact. */
export type LeftState<Event> = { readonly owned: OwnedState<Event>; readonly committed: Standing };

const MOST = 16;
const KEEP_MS = 60_000;

export class LeftStates<Event> {
  readonly #clock: Clock;
  readonly #stopped: AbortSignal;
  /** The oldest first. */
  readonly #states = new Map<number, LeftState<Event>>();

  /** Nothing is waited for once `stopped` is aborted. */
  constructor(clock: Clock, stopped: AbortSignal) {
    this.#clock = clock;
    this.#stopped = stopped;
  }

  keep(partition: number, state: LeftState<Event>): void {
    if (this.#stopped.aborted) return;
    this.#states.set(partition, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > MOST && oldest !== undefined) this.#states.delete(oldest);
    void this.#clock.sleep(KEEP_MS, this.#stopped).then(() => {
      if (this.#states.get(partition) === state) this.#states.delete(partition);
    });
  }

  /** At most once; null if there is none, or not any more. */
  take(partition: number): LeftState<Event> | null {
    const state = this.#states.get(partition) ?? null;
    this.#states.delete(partition);
    return state;
  }
}
