/** The metrics that PromQL expressions name, and what is wrong with the names or with the board that holds them. */
import type { Document } from "./repository.ts";

const WORDS = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "bool",
  "and",
  "or",
  "unless",
  "offset",
  "inf",
  "nan",
]);

/** Names of series: what is left of an expression without labels, ranges, strings, numbers, functions and keywords. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, "")
    .replace(/\[[^\]]*\]/g, "")
    .replace(/\b\d[\w.]*/g, "")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const words = bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w*\s*\()/g) ?? [];
  return [...new Set(words)].filter((word) => !WORDS.has(word.toLowerCase()));
}

/** Names that Prometheus itself makes. */
const BUILT_IN = new Set(["up"]);

/** `kinds` = what is exported. A histogram's series are its _bucket, _sum and _count, and nothing has those without one. */
export function unknownMetrics(expression: string, kinds: ReadonlyMap<string, string>): string[] {
  const series = new Set(BUILT_IN);
  for (const [name, kind] of kinds) {
    if (kind === "histogram") for (const suffix of ["bucket", "sum", "count"]) series.add(`${name}_${suffix}`);
    else series.add(name);
  }
  return metricsIn(expression).filter((name) => !series.has(name));
}

export function panelsOf(board: Document): Document[] {
  return (board.panels as Document[])
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .filter((panel) => panel.type !== "row");
}

export function boardFaults(board: Document, kinds: ReadonlyMap<string, string>): string[] {
  const panels = panelsOf(board);
  const faults = panels.flatMap((panel) =>
    [...panelFaults(panel), ...unknownIn(panel, kinds)].map((fault) => `panel "${panel.title}": ${fault}`),
  );
  for (const key of ["id", "title"]) {
    const values = panels.map((panel) => panel[key]);
    for (const twin of values.filter((value, index) => values.indexOf(value) !== index))
      faults.push(`two panels have the ${key} ${twin}`);
  }
  for (const [index, panel] of panels.entries()) {
    const other = panels.slice(0, index).find((earlier) => overlap(earlier.gridPos, panel.gridPos));
    if (other) faults.push(`panel "${panel.title}" lies over "${other.title}"`);
  }
  return faults;
}

function panelFaults(panel: Document): string[] {
  const faults: string[] = [];
  if (!panel.title) faults.push("has no title");
  if (!panel.description) faults.push("has no description");
  if (!panel.fieldConfig?.defaults?.unit) faults.push("has no unit");
  if (!panel.targets?.length) faults.push("asks nothing");
  if (panel.gridPos.x + panel.gridPos.w > 24) faults.push("is wider than the board");
  for (const target of panel.targets ?? []) {
    if (target.datasource?.uid !== "prometheus") faults.push("asks a data source that is not provisioned");
    if (!target.legendFormat) faults.push("has a line without a name");
    const words: string = target.expr;
    const windows = [...words.matchAll(/\b(rate|increase)\(([^()]*)\)/g)].map((match) => match[2] ?? "");
    if (windows.some((window) => !window.endsWith("[$__rate_interval]"))) faults.push("has a rate over a fixed window");
  }
  return faults;
}

function unknownIn(panel: Document, kinds: ReadonlyMap<string, string>): string[] {
  return (panel.targets ?? []).flatMap((target: Document) =>
    unknownMetrics(target.expr, kinds).map((name) => `${name} is exported by no service`),
  );
}

type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
