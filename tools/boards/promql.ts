/** The few shapes of PromQL that the boards are made of. Rates go over Grafana's own window, which fits what is shown. Pure. */

const WINDOW = "[$__rate_interval]";

/** Labels that stay, before what is summed: "sum by (stage) ", or "sum " of all. */
function sum(by: readonly string[]): string {
  return by.length === 0 ? "sum" : `sum by (${by.join(", ")}) `;
}

/** Of a counter: how many a second. */
export function perSecond(series: string, ...by: readonly string[]): string {
  return `${sum(by)}(rate(${series}${WINDOW}))`;
}

/** Of a counter: how many in the window. */
export function inWindow(series: string, ...by: readonly string[]): string {
  return `${sum(by)}(increase(${series}${WINDOW}))`;
}

/** Of a gauge. */
export function total(series: string, ...by: readonly string[]): string {
  return `${sum(by)}(${series})`;
}

/** Of a gauge, the greatest. */
export function worst(series: string, ...by: readonly string[]): string {
  return by.length === 0 ? `max(${series})` : `max by (${by.join(", ")}) (${series})`;
}

/** The q-quantile, 0..1, of a histogram named without `_bucket`. */
export function quantile(q: number, histogram: string, ...by: readonly string[]): string {
  return `histogram_quantile(${q}, ${perSecond(`${histogram}_bucket`, "le", ...by)})`;
}

/** What a counter of this name has of that one, 0..1. */
export function share(part: string, whole: string): string {
  return `${perSecond(part)} / ${perSecond(whole)}`;
}

/** Of a histogram named without its suffix. */
export function mean(histogram: string, ...by: readonly string[]): string {
  return `${perSecond(`${histogram}_sum`, ...by)} / ${perSecond(`${histogram}_count`, ...by)}`;
}
