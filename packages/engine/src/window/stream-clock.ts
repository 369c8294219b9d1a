import type { StateEvent } from "./observation.ts";
import type { ChunkRecord } from "./rolling-snapshot.ts";

/** The state of a stateless ruleset: nothing but stream time, and nothing to snapshot. */
export class StreamClock {
  readonly replayFrom = null;
  readonly keys = 0;
  #streamTimeMs = -1;

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  apply(event: StateEvent): void {
    if (event.kind === "transaction" && event.timeMs > this.#streamTimeMs) this.#streamTimeMs = event.timeMs;
  }

  ask(): void {
    // No features, no answers.
  }

  isLate(): false {
    return false;
  }

  approximate(): false {
    return false;
  }

  duplicateOf(): null {
    return null;
  }

  matches(): false {
    return false;
  }

  contributors(): [] {
    return [];
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
}
