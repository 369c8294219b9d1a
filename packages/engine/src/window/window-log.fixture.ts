/** A made-up log of one partition, the plain recount of it, and a topic that keeps what snapshots wrote. */
import fc from "fast-check";
import { type ChunkRecord, type WindowEvent, WindowState } from "./window-state.ts";

export const LATENESS_MS = 400;
export const WINDOWS_MS = [100, 1_000, 3_000] as const;
export const HORIZON_MS = 3_000 + LATENESS_MS;
export const IDENTITY = "test@1";

export type LogEvent = { readonly key: string; readonly timeMs: number; readonly offset: number };

/** A stretch of one log: `count` events round some keys, time moving on by `paceMs`, out of order by up to `disorderMs`. */
const stretch = fc.record({
  keys: fc.uniqueArray(fc.constantFrom("a", "b", "hot", "é💶", "k4", "k5"), { minLength: 1, maxLength: 4 }),
  count: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 20 }), weight: 3 }, fc.integer({ min: 100, max: 700 })),
  paceMs: fc.constantFrom(0, 1, 1, 3, 20, 900),
  disorderMs: fc.constantFrom(0, 0, 2, 50, 600),
  seed: fc.nat(),
});

export const logs = fc.array(stretch, { minLength: 1, maxLength: 10 }).map((stretches) => {
  const events: LogEvent[] = [];
  let [nowMs, offset] = [1_000_000, 0];
  for (const { keys, count, paceMs, disorderMs, seed } of stretches) {
    let chance = seed;
    for (let index = 0; index < count; index += 1) {
      chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
      const key = keys[(chance >>> 8) % keys.length] as string;
      events.push({ key, timeMs: nowMs - ((chance >>> 12) % (disorderMs + 1)), offset });
      nowMs += paceMs;
      offset += 1 + ((chance >>> 20) % 16 === 0 ? 2 : 0);
    }
  }
  return events;
});

/** What a stage does with one event: judge it by stream time, count, then remember it. */
export function stepThrough(state: WindowState, { key, timeMs, offset }: LogEvent): readonly number[] {
  const late = timeMs < state.streamTimeMs - LATENESS_MS;
  const counts: number[] = [];
  state.countInto(counts, key, timeMs, WINDOWS_MS);
  if (!late) state.apply({ key, timeMs } satisfies WindowEvent, offset);
  return counts;
}

/** The definition of the counts, written as plainly as it can be. */
export class Recount {
  readonly #stored: LogEvent[] = [];
  #streamTimeMs = -1;

  step(event: LogEvent): readonly number[] {
    const streamTimeMs = Math.max(this.#streamTimeMs, event.timeMs);
    const counts = WINDOWS_MS.map((windowMs) => {
      const afterMs = Math.max(event.timeMs - windowMs, streamTimeMs - HORIZON_MS);
      return this.#stored.filter(({ key, timeMs }) => key === event.key && timeMs > afterMs && timeMs <= event.timeMs)
        .length;
    });
    if (event.timeMs >= this.#streamTimeMs - LATENESS_MS) {
      this.#stored.push(event);
      this.#streamTimeMs = streamTimeMs;
    }
    return counts;
  }
}

/** A compacted topic and its marker, as the runtime keeps them. */
export class StateTopic {
  readonly records = new Map<string, ChunkRecord>();
  #marker: { position: number; replayFrom: { offset: number; streamTimeMs: number } } | null = null;

  /** Returns how many chunks were written. */
  commit(state: WindowState, limit: number, position: number): number {
    const written = state.takeSnapshot(limit, position);
    for (const record of written) {
      const name = record.key.toString("hex");
      this.records.delete(name);
      if (record.value !== null) this.records.set(name, record);
    }
    const replayFrom = state.replayFrom ?? { offset: position, streamTimeMs: state.streamTimeMs };
    this.#marker = { position, replayFrom };
    return written.length;
  }

  restore(log: readonly LogEvent[]): WindowState {
    const state = new WindowState(IDENTITY, HORIZON_MS);
    for (const { key, value } of this.records.values()) state.load(Buffer.from(key), value && Buffer.from(value));
    const { position, replayFrom } = this.#marker ?? { position: 0, replayFrom: { offset: 0, streamTimeMs: -1 } };
    state.loaded(replayFrom.streamTimeMs);
    for (const event of log)
      if (event.offset >= replayFrom.offset && event.offset < position) stepThrough(state, event);
    return state;
  }
}
