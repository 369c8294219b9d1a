/**
 * Time that passes only when nothing else can happen: the clock of tests and simulation. Works with logs that
 * answer within promise jobs, such as MemoryLog; nothing may wait on real input or output.
 */
import type { Clock } from "./clock.ts";

type Sleeper = { readonly dueMs: number; readonly order: number; readonly wake: () => void };

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#nowMs;
  }

  /** As many promise jobs as a wait in memory may take. */
  async turn(): Promise<void> {
    for (let jobs = 0; jobs < 20; jobs++) await null;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { dueMs: this.#nowMs + ms, order: this.#order++, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /**
   * Runs until `done`; jumps to the next sleeper whenever all else is at rest. Throws when `limitMs` of virtual
   * time pass or nothing is left that could make `done` true.
   */
  async runUntil(what: string, done: () => boolean, limitMs = 600_000): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      const next = this.#earliest();
      if (next === null) throw new Error(`nothing can happen any more, still waiting for: ${what}`);
      if (next.dueMs > endMs) throw new Error(`${limitMs} ms of virtual time passed, still waiting for: ${what}`);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
    }
  }

  #earliest(): Sleeper | null {
    let best: Sleeper | null = null;
    for (const one of this.#sleepers)
      if (best === null || one.dueMs < best.dueMs || (one.dueMs === best.dueMs && one.order < best.order)) best = one;
    return best;
  }
}
