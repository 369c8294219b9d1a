/** Measures over time as an SVG, one below the other, each from 0. Pure. */
import { type Measure, type Point, seriesOf } from "./series.ts";

const [WIDTH, PANEL, LEFT, RIGHT, GAP] = [720, 90, 70, 20, 34];

export function chartOf(title: string, measures: readonly Measure[], points: readonly Point[]): string {
  const height = 40 + measures.length * (PANEL + GAP);
  const lastMs = Math.max(1, points.at(-1)?.atMs ?? 0);
  const panels = measures.map((measure, index) => {
    const top = 40 + index * (PANEL + GAP) + 14;
    const series = seriesOf(measure, points);
    const most = Math.max(...series.map(([, value]) => value), Number.MIN_VALUE);
    const x = (ms: number): string => (LEFT + (ms / lastMs) * (WIDTH - LEFT - RIGHT)).toFixed(1);
    const y = (value: number): string => (top + PANEL - (value / most) * PANEL).toFixed(1);
    const line = series.map(([atMs, value], at) => `${at === 0 ? "M" : "L"}${x(atMs)} ${y(value)}`).join("");
    return [
      text(LEFT, top - 5, measure.name, "start"),
      text(LEFT - 8, top + 10, most.toPrecision(3), "end"),
      text(LEFT - 8, top + PANEL, "0", "end"),
      `<path d="M${LEFT} ${top}V${top + PANEL}H${WIDTH - RIGHT}" fill="none" stroke="#bbb"/>`,
      `<path d="${line}" fill="none" stroke="#1b6ca8" stroke-width="1.5"/>`,
    ].join("\n");
  });
  const head = text(WIDTH / 2, 22, `${title}, ${(lastMs / 60_000).toFixed(1)} min`, "middle", 15);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif">\n<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n${head}\n${panels.join("\n")}\n</svg>\n`;
}

function text(x: number, y: number, content: string, anchor: string, size = 12): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="#333">${escaped}</text>`;
}
