/** What is done to a run, and when: drawn from a seed, so that a run can be asked for again. */

export type Fault = "kill" | "terminate" | "freeze" | "broker";

export type Planned = { readonly atMs: number; readonly fault: Fault };

/**
 * A kill -9 or a SIGTERM of a detector every few seconds; one freeze beyond the session timeout a third into the
 * run, one broker kill -9 and restart two thirds into it. Pure.
 */
export function schedule(seed: number, durationMs: number): Planned[] {
  const random = mulberry32(seed);
  const planned: Planned[] = [
    { atMs: durationMs / 3, fault: "freeze" },
    { atMs: (durationMs * 2) / 3, fault: "broker" },
  ];
  for (let atMs = 2_000; atMs < durationMs - 2_000; atMs += 3_000 + random() * 4_000)
    planned.push({ atMs, fault: random() < 0.5 ? "kill" : "terminate" });
  return planned.sort((a, b) => a.atMs - b.atMs);
}

/** Tommy Ettinger's mulberry32: 32 bits of state, uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
