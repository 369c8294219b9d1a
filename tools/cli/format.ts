/** Numbers as people read them. */

/** Whole numbers with a comma at each thousand. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** Minutes and seconds, hours when there are some: 01:05, 1:00:00. */
export function clock(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`;
}

/** A share in per cent with one decimal; empty when there is no whole. */
export function share(part: number | undefined, whole: number): string {
  return whole === 0 ? "" : `${((100 * (part ?? 0)) / whole).toFixed(1)} %`;
}
