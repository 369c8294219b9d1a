/** What a process has used, as Linux tells it. */
import { readFileSync } from "node:fs";

/** Of a clock tick in /proc: 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time so far, s; all of its threads. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that was resident at a time, MB. */
export function peakMegabytes(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

const ADDITIONS = 300_000;
const CALLS = 1_000;
const BOUND = 0x3ffffff;

/** ms for 300,000,000 additions of integers: what this core gives just now. */
export function spinMs(): number {
  const startedMs = performance.now();
  let sum = 0;
  for (let call = 0; call < CALLS; call++) sum = added(sum);
  if (sum < 0) throw new Error("unreachable");
  return performance.now() - startedMs;
}

/** Short, so that the compiler need not replace it while it runs; bounded, since a sum that overflows is another loop. */
function added(start: number): number {
  let sum = start;
  for (let index = 0; index < ADDITIONS; index++) sum = (sum + index) & BOUND;
  return sum;
}
