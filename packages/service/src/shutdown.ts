/**
 * The request to stop, and what bounds it. The first signal asks for a drain and starts the deadline;
 * a second signal, or the deadline, ends the process with 1.
 */
import type { Logger } from "./logger.ts";

/** A terminal and npm both hand on one Ctrl-C: what comes this soon after the first signal is the same wish. */
export const SAME_SIGNAL_MS = 500;

export class Shutdown implements Disposable {
  readonly #abort = new AbortController();
  readonly #log: Logger;
  readonly #deadlineMs: number;
  readonly #onSignal = (signal: NodeJS.Signals) => this.#signalled(signal);
  #timer: NodeJS.Timeout | undefined;
  #firstSignalMs: number | undefined;

  constructor(log: Logger, deadlineMs: number) {
    this.#log = log;
    this.#deadlineMs = deadlineMs;
    process.on("SIGTERM", this.#onSignal);
    process.on("SIGINT", this.#onSignal);
  }

  /** Aborted from the first request on. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Starts the deadline and aborts the signal; only the first call counts. */
  begin(reason: string): void {
    if (this.signal.aborted) return;
    this.#timer = setTimeout(
      () => this.#giveUp(`the drain took longer than SHUTDOWN_DEADLINE_MS=${this.#deadlineMs}`),
      this.#deadlineMs,
    );
    this.#log.info(
      { reason, deadlineMs: this.#deadlineMs },
      `stopping: ${reason}; draining for at most ${this.#deadlineMs} ms`,
    );
    this.#abort.abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    process.off("SIGTERM", this.#onSignal);
    process.off("SIGINT", this.#onSignal);
  }

  #signalled(signal: NodeJS.Signals): void {
    const nowMs = performance.now();
    if (this.#firstSignalMs === undefined) {
      this.#firstSignalMs = nowMs;
      this.begin(signal);
    } else if (nowMs - this.#firstSignalMs > SAME_SIGNAL_MS) {
      this.#giveUp(`a second signal (${signal}) came before the drain was done`);
    }
  }

  #giveUp(why: string): never {
    this.#log.error(`exiting 1: ${why}; what was not committed will be done again by the next process`);
    process.exit(1);
  }
}
