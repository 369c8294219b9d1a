import type { ChunkRecord, WindowEvent } from "./window-state.ts";

/** The state of a stateless ruleset: nothing but stream time, and nothing to snapshot. */
export class StreamClock {
  readonly replayFrom = null;
  readonly keys = 0;
  #streamTimeMs = -1;

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  apply({ timeMs }: WindowEvent): void {
    if (timeMs > this.#streamTimeMs) this.#streamTimeMs = timeMs;
  }

  countInto(): void {
    // No features, no counts.
  }

  takeSnapshot(): ChunkRecord[] {
    return [];
  }

  load(): void {
    // Chunks that a stateful ruleset left behind mean nothing here.
  }

  loaded(streamTimeMs: number): void {
    this.#streamTimeMs = streamTimeMs;
  }

  canonical(): { readonly streamTimeMs: number; readonly keys: readonly [] } {
    return { streamTimeMs: this.#streamTimeMs, keys: [] };
  }
}
