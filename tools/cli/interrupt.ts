import { SAME_SIGNAL_MS } from "@weir/service";

/** Ctrl-C, SIGTERM and a closed terminal ask for a stop; the second time `force` is called. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #handler: () => void;

  constructor(force: () => void) {
    let firstMs = 0;
    this.#handler = () => {
      const nowMs = performance.now();
      if (!this.#controller.signal.aborted) {
        firstMs = nowMs;
        this.#controller.abort();
      } else if (nowMs - firstMs > SAME_SIGNAL_MS) force();
    };
    for (const name of SIGNALS) process.on(name, this.#handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#handler);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
