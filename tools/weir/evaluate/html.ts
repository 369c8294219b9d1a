/** A report as one page that needs nothing else: its curves drawn, its figures in tables. Pure. */
import type { Point } from "./ranking.ts";
import type { Report } from "./report.ts";
import { day, figuresOf, fixed, lines } from "./text.ts";

export function htmlOf(report: Report): string {
  const { curves, calibration, weeks, figures } = report;
  const bins = calibration.bins.map(({ meanScore, fraudShare }): Point => [meanScore, fraudShare]);
  const psi = weeks.map(({ psi: value }, index): Point => [index, value]);
  const plots = [
    plot({
      title: `Precision by recall, AP ${fixed(figures.ap)}`,
      x: "recall",
      y: "precision",
      points: curves.precision,
    }),
    plot({
      title: `ROC, AUC ${fixed(figures.auc)}`,
      x: "false-positive rate",
      y: "recall",
      points: curves.roc,
      from: 1e-4,
    }),
    plot({
      title: "Calibration",
      x: "mean score",
      y: "share of frauds",
      points: bins,
      from: 1e-4,
      fromY: 1e-4,
      diagonal: true,
    }),
    plot({
      title: "Drift of the scores",
      x: "week",
      y: "PSI",
      points: psi,
      most: Math.max(1, psi.length - 1),
      mostY: Math.max(0.25, ...psi.map(([, y]) => y)),
    }),
  ];
  const rows = figuresOf(report).map(
    ({ name, value, error }) =>
      `<tr><td>${escaped(name)}</td><td>${fixed(value)}</td><td>${error === null ? "" : `± ${fixed(error)}`}</td></tr>`,
  );
  const { fromMs, toMs } = report.protocol;
  const span = fromMs === null ? "" : ` from ${day(fromMs)}${toMs === null ? "" : ` to ${day(toMs)}`}`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(report.ruleset)}</title>
<style>body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}td{padding:0 1em 0 0}
pre{background:#f5f5f5;padding:1em;overflow:auto}.plots{display:flex;flex-wrap:wrap;gap:1em}svg{width:24em}</style>
<h1>${escaped(report.ruleset)}</h1>
<p>${escaped(report.data)}${span}</p>
<table>${rows.join("")}</table>
<div class="plots">${plots.join("")}</div>
<pre>${escaped(lines(report).join("\n"))}</pre>
</html>
`;
}

type Plot = {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
  /** Least value of a logarithmic axis; a linear one from 0 without. */
  readonly from?: number;
  readonly fromY?: number;
  readonly most?: number;
  readonly mostY?: number;
  readonly diagonal?: boolean;
};

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [400, 320, 55, 30, 15, 45];

function plot({ title, x, y, points, from, fromY, most = 1, mostY = 1, diagonal = false }: Plot): string {
  const atX = axis(from, most, LEFT, WIDTH - RIGHT);
  const atY = axis(fromY, mostY, HEIGHT - BOTTOM, TOP);
  const line = points.map(([px, py], index) => `${index === 0 ? "M" : "L"}${atX(px)} ${atY(py)}`).join("");
  const marks =
    points.length > 30
      ? ""
      : points.map(([px, py]) => `<circle cx="${atX(px)}" cy="${atY(py)}" r="3" fill="#1b6ca8"/>`).join("");
  const ticks = [
    ...ticksOf(from, most).map(
      (value) =>
        `<path d="M${atX(value)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>${label(atX(value), HEIGHT - BOTTOM + 16, String(value), "middle")}`,
    ),
    ...ticksOf(fromY, mostY).map(
      (value) =>
        `<path d="M${LEFT} ${atY(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>${label(LEFT - 6, Number(atY(value)) + 4, String(value), "end")}`,
    ),
  ];
  const even = diagonal
    ? `<path d="M${LEFT} ${HEIGHT - BOTTOM}L${WIDTH - RIGHT} ${TOP}" stroke="#999" stroke-dasharray="4"/>`
    : "";
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" role="img" aria-label="${escaped(title)}">${label(WIDTH / 2, 18, title, "middle", 14)}${ticks.join("")}${even}<path d="${line}" fill="none" stroke="#1b6ca8" stroke-width="2"/>${marks}${label(WIDTH / 2, HEIGHT - 8, x, "middle")}<g transform="rotate(-90 12 ${HEIGHT / 2})">${label(12, HEIGHT / 2, y, "middle")}</g></svg>`;
}

function axis(from: number | undefined, most: number, start: number, end: number): (value: number) => string {
  const share = (value: number): number =>
    from === undefined ? value / most : Math.log(Math.max(value, from) / from) / Math.log(most / from);
  return (value) => (start + share(value) * (end - start)).toFixed(1);
}

function ticksOf(from: number | undefined, most: number): number[] {
  if (from === undefined) return [0, 0.25, 0.5, 0.75, 1].map((part) => Number((part * most).toPrecision(2)));
  const decades = Math.round(Math.log10(most / from));
  return Array.from({ length: decades + 1 }, (_, index) => Number((from * 10 ** index).toPrecision(1)));
}

function label(x: number | string, y: number, text: string, anchor: string, size = 11): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="#333">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
