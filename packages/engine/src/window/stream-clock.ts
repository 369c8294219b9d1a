import { History } from "./history.ts";
import type { Observation, StateEvent } from "./observation.ts";
import type { ChunkRecord } from "./rolling-snapshot.ts";

/** The state of a stateless ruleset: nothing but stream time, and nothing to snapshot. */
export class StreamClock {
  readonly replayFrom = null;
  readonly keys = 0;
  readonly #history = new History();
  #streamTimeMs = -1;

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get historySinceMs(): number {
    return this.#history.sinceMs;
  }

  /** As the runtime knows it. */
  set historySinceMs(sinceMs: number) {
    this.#history.sinceMs = sinceMs;
  }

  apply(event: StateEvent): void {
    if (event.kind !== "transaction") return;
    if (event.timeMs > this.#streamTimeMs) this.#streamTimeMs = event.timeMs;
    this.#history.saw(event.timeMs, event.historySinceMs);
  }

  unknownBefore({ timeMs, historySinceMs }: Observation, reachMs: number): number {
    return this.#history.unknownBefore(timeMs, reachMs, historySinceMs);
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
