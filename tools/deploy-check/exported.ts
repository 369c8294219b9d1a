/** What services export, read from a page of theirs: series with their labels, and the metrics that those belong to. Pure. */
import { type PromSample, parsePrometheus } from "../process/prometheus.ts";
import type { Exported } from "./queries.ts";

/** The series of several pages together. */
export function seriesOf(pages: readonly string[]): Map<string, ReadonlySet<string>> {
  const series = new Map<string, Set<string>>();
  for (const { name, labels } of pages.flatMap(parsePrometheus)) {
    const known = series.get(name) ?? new Set();
    for (const label of Object.keys(labels)) known.add(label);
    series.set(name, known);
  }
  return series;
}

/** What the rules of Prometheus add: each recorded series, with no label, as ours all are. */
export function recordedBy(rules: readonly { readonly record?: string }[]): Exported {
  return new Map(rules.flatMap(({ record }) => (record === undefined ? [] : [[record, new Set<string>()]])));
}

/** Weir's own metrics of a page as a README writes them: `weir_commits_total{stage,result}`; sorted. */
export function metricsOf(page: string): string[] {
  const histograms = new Set([...page.matchAll(/^# TYPE (\S+) histogram$/gm)].map(([, name]) => name));
  const labels = new Map<string, Set<string>>();
  for (const sample of parsePrometheus(page)) {
    const name = familyOf(sample, histograms);
    if (!name.startsWith("weir_")) continue;
    const known = labels.get(name) ?? new Set();
    for (const label of Object.keys(sample.labels)) if (label !== "le") known.add(label);
    labels.set(name, known);
  }
  return [...labels].map(([name, of]) => (of.size === 0 ? name : `${name}{${[...of].join(",")}}`)).sort();
}

function familyOf({ name }: PromSample, histograms: ReadonlySet<string | undefined>): string {
  const family = name.replace(/_(bucket|sum|count)$/, "");
  return histograms.has(family) ? family : name;
}

/** Those that the tables of a README name, in the first column; sorted. */
export function metricsInTable(markdown: string): string[] {
  const rows = markdown.split("\n").filter((line) => line.startsWith("| `weir_"));
  return rows
    .flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`(weir_[^`]+)`/g)].map(([, name]) => name ?? ""))
    .sort();
}

/** The series that such tables name. They do not tell a histogram from others: its series are taken for known of each. */
export function exportedInTables(markdowns: readonly string[]): Map<string, ReadonlySet<string>> {
  const series = new Map<string, ReadonlySet<string>>();
  for (const metric of markdowns.flatMap(metricsInTable)) {
    const [name = "", labels = ""] = metric.split(/[{}]/);
    const of = new Set(["le", ...labels.split(",")]);
    for (const suffix of ["", "_bucket", "_sum", "_count"]) series.set(`${name}${suffix}`, of);
  }
  return series;
}
