/** Cards with a fraud that is known: since when the training window began, and by when its label came. */
import { DAY_MS, dayOf } from "./scored.ts";

export class KnownCards {
  readonly #sinceMs: number;
  readonly #labelDelayMs: number;
  readonly #firstFraudMs = new Map<string, number>();

  constructor(sinceMs: number, labelDelayMs: number) {
    this.#sinceMs = sinceMs;
    this.#labelDelayMs = labelDelayMs;
  }

  add(card: string, timeMs: number, fraud: boolean): void {
    if (fraud && timeMs >= this.#sinceMs && !this.#firstFraudMs.has(card)) this.#firstFraudMs.set(card, timeMs);
  }

  /** Whether it was known when the day of `timeMs` began. */
  isKnown(card: string, timeMs: number): boolean {
    const firstMs = this.#firstFraudMs.get(card);
    return firstMs !== undefined && firstMs + this.#labelDelayMs < dayOf(timeMs) * DAY_MS;
  }
}
