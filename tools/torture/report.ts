/** A run of torture as a table. Pure. */
import { FINDINGS } from "@weir/testing";
import { PROMISED_MS } from "./faults.ts";
import type { TortureReport } from "./run.ts";
import { FAULTS, PROCESS_FAULTS } from "./schedule.ts";

const MOST_TOLD = 3;

export function describe({ verdict, wentOnMs, exitsMs, late, faults }: TortureReport): string {
  const { inputs, outputs, rejected, recounted } = verdict;
  const counted = (isWanted: (fault: (typeof FAULTS)[number]) => boolean): number =>
    FAULTS.filter(isWanted).reduce((sum, fault) => sum + (wentOnMs.get(fault)?.length ?? 0), 0);
  const row = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(16) + cells.map((cell) => String(cell).padStart(12)).join("");
  return [
    "",
    row("fault", ["times", "p50 ms", "max ms", "promised ms"]),
    ...FAULTS.map((fault) => {
      const times = (wentOnMs.get(fault) ?? []).toSorted((a, b) => a - b).map(Math.round);
      return row(fault, [
        times.length,
        times[times.length >> 1] ?? "-",
        times.at(-1) ?? "-",
        PROMISED_MS[fault] ?? "-",
      ]);
    }),
    row("SIGTERM to exit", timesOf(exitsMs)),
    "",
    `${counted((fault) => PROCESS_FAULTS.has(fault))} faults of processes, ${counted((fault) => !PROCESS_FAULTS.has(fault))} of brokers and network; ms until all partitions were decided on again`,
    `${inputs} inputs, ${outputs} outputs, of these ${rejected} rejected; ${recounted} recounted`,
    ...FINDINGS.flatMap((name) => [row(name, [verdict[name].length]), ...some(verdict[name])]),
    row("broken promises", [faults.length]),
    ...some(faults),
    row("late", [late.length]),
    ...some(late),
  ].join("\n");
}

function timesOf(list: readonly number[]): (string | number)[] {
  const times = list.toSorted((a, b) => a - b).map(Math.round);
  return [times.length, times[times.length >> 1] ?? "-", times.at(-1) ?? "-"];
}

function some(lines: readonly string[]): string[] {
  return lines.slice(0, MOST_TOLD).map((line) => `  ${line}`);
}
