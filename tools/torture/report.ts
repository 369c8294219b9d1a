/** A run of torture as a table. Pure. */
import { FINDINGS } from "@weir/testing";
import { PROMISED_MS } from "./faults.ts";
import type { Paused } from "./pauses.ts";
import { PROMISED_PAUSE_MS } from "./roll.ts";
import type { TortureReport } from "./run.ts";
import { FAULTS, PROCESS_FAULTS } from "./schedule.ts";

const MOST_TOLD = 3;

export function describe({ verdict, wentOnMs, exitsMs, paused, witnessMs, late, faults }: TortureReport): string {
  const { inputs, outputs, rejected, recounted } = verdict;
  const counted = (isWanted: (fault: (typeof FAULTS)[number]) => boolean): number =>
    FAULTS.filter(isWanted).reduce((sum, fault) => sum + (wentOnMs.get(fault)?.length ?? 0), 0);
  const row = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(16) + cells.map((cell) => String(cell).padStart(12)).join("");
  const suffered = [
    ...FAULTS.map((fault) => row(fault, [...timesOf(wentOnMs.get(fault) ?? []), PROMISED_MS[fault] ?? "-"])),
    row("SIGTERM to exit", timesOf(exitsMs)),
    row("witness", timesOf(witnessMs)),
    "",
    `${counted((fault) => PROCESS_FAULTS.has(fault))} faults of processes, ${counted((fault) => !PROCESS_FAULTS.has(fault))} of brokers and network; ms until all partitions were decided on again; nothing befalls the witness: while a commit of its own waits, the broker stands still`,
  ];
  return [
    "",
    row("fault", ["times", "p50 ms", "max ms", "promised ms"]),
    ...(paused === null ? suffered : [row("SIGTERM to exit", timesOf(exitsMs)), "", ...pauseLines(paused)]),
    `${inputs} inputs, ${outputs} outputs, of these ${rejected} rejected; ${recounted} recounted`,
    ...FINDINGS.flatMap((name) => [row(name, [verdict[name].length]), ...some(verdict[name])]),
    row("broken promises", [faults.length]),
    ...some(faults),
    row("late", [late.length]),
    ...some(late),
  ].join("\n");
}

function pauseLines({ quiet, rolled }: NonNullable<TortureReport["paused"]>): string[] {
  const told = ({ place, ms }: Paused): string => `${Math.round(ms)} ms, of ${place}`;
  return [
    `longest pause of a partition: rolled ${told(rolled)}; before it ${told(quiet)}; promised ${PROMISED_PAUSE_MS} ms`,
  ];
}

function timesOf(list: readonly number[]): (string | number)[] {
  const times = list.toSorted((a, b) => a - b).map(Math.round);
  return [times.length, times[times.length >> 1] ?? "-", times.at(-1) ?? "-"];
}

function some(lines: readonly string[]): string[] {
  return lines.slice(0, MOST_TOLD).map((line) => `  ${line}`);
}
