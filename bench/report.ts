/** Tables of runs. Pure. */
import type { JobName } from "./jobs.ts";
import type { Run } from "./throughput.ts";

/** The middle one, or the mean of the two. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

export type Summary = {
  readonly contender: string;
  readonly rounds: number;
  readonly perSecond: number;
  /** How many times as fast Weir was, as the median over the rounds that both ran in; null of Weir itself, and without it. */
  readonly weirIsTimes: number | null;
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
  readonly peakMb: number;
  readonly bytes: number;
};

/** Medians of one job's runs, a contender each, in the order of their first runs. */
export function summaries(runs: readonly Run[]): Summary[] {
  return [...Map.groupBy(runs, ({ contender }) => contender)].map(([contender, own]) => {
    const of = (value: (run: Run) => number): number => median(own.map(value));
    const ratios = own.flatMap((run) => {
      const weir = runs.find(({ contender: name, round }) => name === "weir" && round === run.round);
      return weir === undefined ? [] : [weir.perSecond / run.perSecond];
    });
    return {
      contender,
      rounds: own.length,
      perSecond: of(({ perSecond }) => perSecond),
      weirIsTimes: contender === "weir" || ratios.length === 0 ? null : median(ratios),
      cpuUs: of(({ cpuUs }) => cpuUs),
      brokerCpuUs: of(({ brokerCpuUs }) => brokerCpuUs),
      peakMb: of(({ peakMb }) => peakMb),
      bytes: of(({ bytes }) => bytes),
    };
  });
}

/** As Markdown, a table for each job. */
export function throughputReport(runs: readonly Run[], describe: (job: JobName) => string): string {
  const tables = [...Map.groupBy(runs, ({ job }) => job)].map(([job, own]) => {
    const rows = summaries(own).map(
      ({ contender, rounds, perSecond, weirIsTimes, cpuUs, brokerCpuUs, peakMb, bytes }) => [
        contender,
        Math.round(perSecond).toLocaleString("en"),
        weirIsTimes === null ? "" : `${weirIsTimes.toFixed(2)} x`,
        cpuUs.toFixed(1),
        brokerCpuUs.toFixed(1),
        peakMb.toFixed(0),
        bytes.toFixed(0),
        String(rounds),
      ],
    );
    const head = [
      `${job}: ${describe(job)}`,
      "messages/s",
      "Weir is",
      "CPU us a message",
      "broker's",
      "peak MB",
      "bytes written",
      "rounds",
    ];
    return markdownTable([head, ...rows]);
  });
  const spins = median(runs.map(({ spinMs }) => spinMs));
  return `${[...tables, `Medians. A loop of 300,000,000 additions took ${spins.toFixed(0)} ms.`].join("\n\n")}\n`;
}

/** The first row is the head; the first column to the left, the others to the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    widths.map((width, column) => {
      const cell = row[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [lines[0] as string[], rule, ...lines.slice(1)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
