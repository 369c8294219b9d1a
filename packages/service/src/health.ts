/**
 * What /livez and /readyz answer from. The service feeds it; it never asks a broker.
 * - ready: every readiness item is ready. An item starts not ready, with its reason.
 * - alive: every running watchdog was beaten within its limit. A process that waits on purpose pauses its
 *   watchdog, so that an absent broker never gets a healthy process killed.
 */
export type Reason = { readonly item: string; readonly reason: string };

export type ReadinessItem = {
  readonly ready: () => void;
  readonly notReady: (reason: string) => void;
};

export type Watchdog = {
  /** Local progress was made; also resumes a paused watchdog. */
  readonly beat: () => void;
  /** Waiting on purpose: not judged until the next beat. */
  readonly pause: () => void;
};

export class Health {
  readonly #nowMs: () => number;
  readonly #waiting = new Map<string, string | null>();
  readonly #beats = new Map<string, { limitMs: number; lastMs: number | null }>();

  /** `nowMs` is a monotonic clock. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Adds an item that must be ready before the service is; throws if the name is taken. */
  item(name: string, reason: string): ReadinessItem {
    if (this.#waiting.has(name)) throw new Error(`readiness item "${name}" exists already`);
    this.#waiting.set(name, reason);
    return {
      ready: () => void this.#waiting.set(name, null),
      notReady: (because) => void this.#waiting.set(name, because),
    };
  }

  /** Adds a watchdog, paused until its first beat. `limitMs` is the longest healthy silence. */
  watchdog(name: string, limitMs: number): Watchdog {
    if (!(limitMs > 0)) throw new RangeError(`watchdog limit must be > 0 ms, got ${limitMs}`);
    if (this.#beats.has(name)) throw new Error(`watchdog "${name}" exists already`);
    const state: { limitMs: number; lastMs: number | null } = { limitMs, lastMs: null };
    this.#beats.set(name, state);
    return {
      beat: () => {
        state.lastMs = this.#nowMs();
      },
      pause: () => {
        state.lastMs = null;
      },
    };
  }

  /** Why the service is not ready; empty when it is. */
  unready(): Reason[] {
    return [...this.#waiting].flatMap(([item, reason]) => (reason === null ? [] : [{ item, reason }]));
  }

  /** What has made no progress for too long; empty when the process is alive. */
  stuck(): Reason[] {
    const nowMs = this.#nowMs();
    return [...this.#beats].flatMap(([item, { limitMs, lastMs }]) => {
      if (lastMs === null || nowMs - lastMs <= limitMs) return [];
      return [{ item, reason: `no progress for ${Math.round(nowMs - lastMs)} ms, the limit is ${limitMs} ms` }];
    });
  }
}
