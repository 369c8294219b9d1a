import { RetryLater } from "./port.ts";

/** Time as an argument: the wall clock in production, a virtual one in simulation. */
export interface Clock {
  /** ms since some epoch; rises. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves once all that can go on by now has done so; takes no time that counts. */
  turn(): Promise<void>;
}

export const wallClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** Resolves with `work`, or at once when the signal aborts; the work itself goes on. */
export async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Of an abort that nobody asks the reason of: without one each would make an exception, stack and all. */
export const NO_MORE = "no more";

/**
 * The result of `work`, or RetryLater after `ms`. The work itself is not stopped: whoever calls this drops
 * the writer or reader that it belongs to.
 */
export async function within<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  const finished = new AbortController();
  const expired = clock.sleep(ms, finished.signal).then(() => {
    if (!finished.signal.aborted) throw new RetryLater(`${what} took longer than ${ms} ms`);
    return undefined as never;
  });
  expired.catch(() => {});
  work.catch(() => {});
  try {
    return await Promise.race([work, expired]);
  } finally {
    finished.abort(NO_MORE);
  }
}
