/** What benchmarks of one process measure: memory after collection, pauses of the collector, time per call. */
import { constants, type NodeGCPerformanceDetail, PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Heap and what hangs outside it, after a full collection; bytes. */
export function memoryBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Runs `work`, which may yield by `await breathe()`, and tells the longest pause in ms of collections nobody asked for. */
export async function longestPauseMs(work: () => Promise<void>): Promise<number> {
  let longestMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { flags = 0 } = (entry as unknown as { readonly detail: NodeGCPerformanceDetail }).detail;
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) longestMs = Math.max(longestMs, entry.duration);
    }
  });
  await breathe();
  observer.observe({ entryTypes: ["gc"] });
  await work();
  await breathe();
  observer.disconnect();
  return longestMs;
}

const ADDITIONS = 1e8;
const TURNS = 5;

/**
 * How fast the machine is at this moment, to be read beside what was measured: additions in ms of the clock and of the
 * processor, the best of some turns, since the first are not compiled yet. The two differ by as much as others had the
 * processor meanwhile.
 */
export function machine(): string {
  let [leastClockMs, leastMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    add();
    leastClockMs = Math.min(leastClockMs, performance.now() - startMs);
    leastMs = Math.min(leastMs, process.cpuUsage(before).user / 1_000);
  }
  return `${ADDITIONS} additions in ${leastClockMs.toFixed(0)} ms, ${leastMs.toFixed(0)} ms of processor time`;
}

function add(): number {
  let sum = 0;
  for (let turn = 0; turn < ADDITIONS; turn += 1) sum = (sum + turn) | 0;
  return sum;
}

export const breathe = (): Promise<void> => setImmediate();

/** Nanoseconds of processor time per call of `work`, which is called in rounds until `forMs` have passed. */
export function nsPerCall(work: () => void, calls: number, forMs: number): number {
  const startMs = performance.now();
  let best = Number.POSITIVE_INFINITY;
  do {
    const before = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) work();
    best = Math.min(best, (process.cpuUsage(before).user * 1_000) / calls);
  } while (performance.now() - startMs < forMs);
  return best;
}

/** Columns of text, the first to the left, the others to the right. */
export function printTable(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)));
  const widths = (texts[0] ?? []).map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  console.log(`\n${title}`);
  for (const row of texts)
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    );
}
