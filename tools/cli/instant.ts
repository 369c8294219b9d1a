/** A moment as an option: a time of the calendar, or how long ago. */
import { durationMs, type Option } from "./arguments.ts";

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** ms since the epoch. `nowMs`: for those that are so long ago. */
export function instant(about: string, nowMs: () => number = Date.now): Option<number | null> {
  const ago = durationMs({ about, minMs: 0 });
  return {
    placeholder: "TIME",
    about,
    fallback: null,
    parse: (given) => {
      const span = ago.parse(given);
      if ("value" in span && span.value !== null) return { value: nowMs() - span.value };
      const timeMs = ISO.test(given) ? Date.parse(given) : Number.NaN;
      return Number.isNaN(timeMs)
        ? {
            fault: `must be a time such as 2026-08-01T12:00:00Z, a day such as 2026-08-01 (UTC), or 2h for two hours ago; got ${JSON.stringify(given)}`,
          }
        : { value: timeMs };
    },
  };
}
