/** Lines over logarithmic axes as an SVG. Pure. */
export type Line = {
  readonly name: string;
  /** Both > 0. */
  readonly points: readonly (readonly [x: number, y: number])[];
};

export type Plot = {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
};

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [720, 420, 70, 190, 40, 50];
const COLOURS = ["#1b6ca8", "#c8553d", "#2a9d5c", "#7b4fa3", "#b8860b", "#555555"];

export function svgOf({ title, x, y, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const xs = decades(points.map(([value]) => value));
  const ys = decades(points.map(([, value]) => value));
  const atX = (value: number): string => place(value, xs, LEFT, WIDTH - RIGHT);
  const atY = (value: number): string => place(value, ys, HEIGHT - BOTTOM, TOP);
  const body = [
    text(WIDTH / 2, 22, title, "middle", 15),
    ...xs.flatMap((value) => [
      `<path d="M${atX(value)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>`,
      text(atX(value), HEIGHT - BOTTOM + 18, value.toLocaleString("en"), "middle"),
    ]),
    ...ys.flatMap((value) => [
      `<path d="M${LEFT} ${atY(value)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      text(LEFT - 8, Number(atY(value)) + 4, value.toLocaleString("en"), "end"),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, "middle"),
    `<g transform="rotate(-90 16 ${HEIGHT / 2})">${text(16, HEIGHT / 2, y, "middle")}</g>`,
    ...lines.flatMap(({ name, points: line }, index) => {
      const colour = COLOURS[index % COLOURS.length] as string;
      const path = line.map(([px, py], at) => `${at === 0 ? "M" : "L"}${atX(px)} ${atY(py)}`).join("");
      const labelY = TOP + 16 + index * 20;
      return [
        `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...line.map(([px, py]) => `<circle cx="${atX(px)}" cy="${atY(py)}" r="3" fill="${colour}"/>`),
        `<path d="M${WIDTH - RIGHT + 12} ${labelY - 4}h18" stroke="${colour}" stroke-width="2"/>`,
        text(WIDTH - RIGHT + 36, labelY, name, "start"),
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif">\n<title>${escaped(title)}</title>\n<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>\n${body.join("\n")}\n</svg>\n`;
}

/** Powers of ten from the one at or below the least value to the one at or above the greatest. */
function decades(values: readonly number[]): number[] {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
}

function place(value: number, ticks: readonly number[], from: number, to: number): string {
  const [least, greatest] = [Math.log10(ticks[0] as number), Math.log10(ticks.at(-1) as number)];
  return (from + ((Math.log10(value) - least) / (greatest - least)) * (to - from)).toFixed(1);
}

function text(x: number | string, y: number, content: string, anchor: string, size = 12): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="#333">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
