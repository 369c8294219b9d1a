import { Type } from "typebox";

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A whole number and its unit: s, m, h or d. */
export const Duration = Type.String({
  pattern: "^[1-9][0-9]{0,5}[smhd]$",
  patternErrorMessage: "must be a duration such as 10m, 1h or 7d",
});

/** `90d 1h`: the parts that a person would say, down to ms. */
export function formatDuration(ms: number): string {
  if (ms < 1) return "0s";
  const units: [string, number][] = [...Object.entries(UNIT_MS).reverse(), ["ms", 1]];
  let left = ms;
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(" ");
}

/** ms of a text such as `10m` or `7d`; the text must be a Duration. */
export function durationMs(text: string): number {
  const unit = text.at(-1) as keyof typeof UNIT_MS;
  const ms = Number(text.slice(0, -1)) * UNIT_MS[unit];
  if (!(ms > 0)) throw new RangeError(`duration must look like 10m, 1h or 7d, got ${JSON.stringify(text)}`);
  return ms;
}
