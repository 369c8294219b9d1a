/**
 * How often each value of a column occurs in a window that moves: what enters and leaves is counted, so that the number
 * of different values costs what has changed since the last question.
 */
import type { EventBlocks } from "./event-blocks.ts";

export interface Counted {
  each(afterMs: number, untilMs: number, visit: (event: number, timeMs: number) => void): void;
}

export class Counts {
  readonly #blocks: EventBlocks;
  readonly #column: number;
  readonly #counts = new Map<number, number>();
  #afterMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(blocks: EventBlocks, column: number) {
    this.#blocks = blocks;
    this.#column = column;
  }

  get values(): number {
    return this.#counts.size;
  }

  has(value: number): boolean {
    return this.#counts.has(value);
  }

  /** A window whose bounds have crossed is empty. */
  moveTo(events: Counted, afterMs: number, endMs: number): void {
    const untilMs = Math.max(afterMs, endMs);
    const [wasAfterMs, wasUntilMs] = [this.#afterMs, this.#untilMs];
    this.#afterMs = afterMs;
    this.#untilMs = untilMs;
    if (wasUntilMs <= afterMs || untilMs <= wasAfterMs) {
      this.#counts.clear();
      events.each(afterMs, untilMs, this.#enter);
      return;
    }
    events.each(wasUntilMs, untilMs, this.#enter);
    events.each(afterMs, wasAfterMs, this.#enter);
    events.each(untilMs, wasUntilMs, this.#leave);
    events.each(wasAfterMs, afterMs, this.#leave);
  }

  arrived(event: number, timeMs: number): void {
    if (timeMs > this.#afterMs && timeMs <= this.#untilMs) this.#enter(event);
  }

  left(event: number, timeMs: number): void {
    if (timeMs > this.#afterMs && timeMs <= this.#untilMs) this.#leave(event);
  }

  readonly #enter = (event: number): void => {
    const value = this.#blocks.value(event, this.#column);
    if (value !== 0) this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  };

  readonly #leave = (event: number): void => {
    const value = this.#blocks.value(event, this.#column);
    if (value === 0) return;
    const left = (this.#counts.get(value) as number) - 1;
    if (left === 0) this.#counts.delete(value);
    else this.#counts.set(value, left);
  };
}
