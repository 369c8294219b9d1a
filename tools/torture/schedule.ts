/** What is done to a run, and when: drawn from a seed, so that a run can be asked for again. */

import { Random } from "@weir/generator";

export type Fault = "kill" | "terminate" | "freeze" | "broker";

export type Planned = { readonly atMs: number; readonly fault: Fault };

/**
 * A kill -9 or a SIGTERM of a detector every few seconds; one freeze beyond the session timeout, one broker kill -9 and
 * restart. Those two come early: each fault is waited out, so a run ends before the last that were planned. Pure.
 */
export function schedule(seed: number, durationMs: number): Planned[] {
  const random = new Random(seed, 0);
  const planned: Planned[] = [
    { atMs: durationMs / 10, fault: "freeze" },
    { atMs: durationMs / 5, fault: "broker" },
  ];
  for (let atMs = 2_000; atMs < durationMs - 2_000; atMs += 3_000 + random.unit() * 4_000)
    planned.push({ atMs, fault: random.unit() < 0.5 ? "kill" : "terminate" });
  return planned.sort((a, b) => a.atMs - b.atMs);
}
