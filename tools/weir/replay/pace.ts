/** When each row of a data set is due, in ms since the start. */

export type Pace = {
  /** `number`: of the row, from 0. `timeMs`: its event time; null: it has none. */
  readonly dueMs: (number: number, timeMs: number | null) => number;
};

/** So many a second, whatever their event times. */
export function byRate(perSecond: number): Pace {
  return { dueMs: (number) => ((number + 1) * 1000) / perSecond };
}

/** By their event times, so many times as fast; a row that comes out of order is due at once. */
export function bySpeedup(speedup: number): Pace {
  let firstMs: number | null = null;
  let lastMs = 0;
  return {
    dueMs(_number, timeMs) {
      if (timeMs === null) return lastMs;
      firstMs ??= timeMs;
      lastMs = Math.max(lastMs, (timeMs - firstMs) / speedup);
      return lastMs;
    },
  };
}

/** As fast as it goes. */
export const atOnce: Pace = { dueMs: () => 0 };
