/** The metrics and labels that PromQL expressions name, and what is wrong with them or with the board that holds them. */
import type { Document } from "./repository.ts";

/** Names of series as Prometheus has them, with the labels that each carries. */
export type Exported = ReadonlyMap<string, ReadonlySet<string>>;

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

/** Those that Prometheus itself makes. */
const BUILT_IN = new Set(["up"]);

/** Those that it puts on everything that it scrapes. */
const TARGET_LABELS = ["job", "instance"];

/** Labels that an expression matches or groups by. */
export function labelsIn(expression: string): string[] {
  const matched = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = ""]) =>
    [...inner.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
  );
  const grouped = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, inner = ""]) =>
    inner.split(",").map((label) => label.trim()),
  );
  return [...new Set([...matched, ...grouped])];
}

/** What an expression asks for that is not there: series, or labels that none of its series has. */
export function unknownIn(expression: string, exported: Exported): string[] {
  const names = metricsIn(expression);
  const known = new Set([...TARGET_LABELS, ...names.flatMap((name) => [...(exported.get(name) ?? [])])]);
  return [
    ...names
      .filter((name) => !BUILT_IN.has(name) && !exported.has(name))
      .map((name) => `${name} is exported by no service`),
    ...labelsIn(expression)
      .filter((label) => !known.has(label))
      .map((label) => `no series in it has the label ${label}`),
  ];
}

export function panelsOf(board: Document): Document[] {
  return (board.panels as Document[])
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .filter((panel) => panel.type !== "row");
}

export function boardFaults(board: Document, exported: Exported): string[] {
  const panels = panelsOf(board);
  const faults = panels.flatMap((panel) =>
    [...panelFaults(panel), ...unknownInPanel(panel, exported)].map((fault) => `panel "${panel.title}": ${fault}`),
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
    const windows = [...words.matchAll(/\b(rate|increase|deriv)\(([^()]*)\)/g)].map((match) => match[2] ?? "");
    if (windows.some((window) => !window.endsWith("[$__rate_interval]"))) faults.push("has a rate over a fixed window");
  }
  return faults;
}

function unknownInPanel(panel: Document, exported: Exported): string[] {
  return (panel.targets ?? []).flatMap((target: Document) => unknownIn(target.expr, exported));
}

type Box = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
