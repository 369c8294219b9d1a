import type { OracleRules } from "./oracle.ts";
import type { MakeState, StateUnderTest } from "./state-under-test.ts";
import type { LogEvent } from "./world.ts";

/** A compacted topic and its marker, as the stage runtime keeps them. */
export class StateTopic {
  readonly #make: MakeState;
  readonly #rules: OracleRules;
  readonly #records = new Map<string, Buffer>();
  #position = 0;
  #replayFrom = { offset: 0, streamTimeMs: -1 };

  constructor(make: MakeState, rules: OracleRules) {
    this.#make = make;
    this.#rules = rules;
  }

  commit(state: StateUnderTest, limit: number, position: number): void {
    for (const { key, value } of state.takeSnapshot(limit, position)) {
      const name = key.toString("latin1");
      this.#records.delete(name);
      if (value !== null) this.#records.set(name, value);
    }
    this.#position = position;
    this.#replayFrom = state.replayFrom ?? { offset: position, streamTimeMs: state.streamTimeMs };
  }

  restore(log: readonly LogEvent[]): StateUnderTest {
    const state = this.#make(this.#rules);
    for (const [name, value] of this.#records) state.load(Buffer.from(name, "latin1"), value);
    state.loaded(this.#replayFrom.streamTimeMs);
    let [low, high] = [0, log.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((log[middle] as LogEvent).offset < this.#replayFrom.offset) low = middle + 1;
      else high = middle;
    }
    for (const { event, offset } of log.slice(low)) if (offset < this.#position) state.apply(event, offset);
    return state;
  }
}
