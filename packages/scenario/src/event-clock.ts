/**
 * Event time of a run: it begins at `startMs` and runs `speedup` times as fast as the run. With `byDay` payments follow
 * the day: a run sends evenly, so event time passes quickly at night and slowly around noon, and each day takes as long
 * as it would. Payments then lie within a day as in the card-fraud handbook's simulator: normal around noon with a
 * deviation of 20,000 s, cut off at midnight.
 */
export type EventClockOptions = {
  /** Epoch ms; days are counted from here. */
  readonly startMs: number;
  readonly speedup: number;
  readonly byDay: boolean;
};

export const DAY_MS = 86_400_000;
const NOON_S = 43_200;
const SPREAD_S = 20_000;
const STEPS = 1_440;

export class EventClock {
  readonly #options: EventClockOptions;

  constructor(options: EventClockOptions) {
    if (!(options.speedup > 0)) throw new RangeError(`speedup must be > 0, got ${options.speedup}`);
    this.#options = options;
  }

  /** Whole epoch ms; never goes back as `runMs` grows. */
  at(runMs: number): number {
    const { startMs, speedup, byDay } = this.#options;
    const elapsedMs = runMs * speedup;
    if (!byDay) return Math.round(startMs + elapsedMs);
    const day = Math.floor(elapsedMs / DAY_MS);
    return Math.round(startMs + (day + partOfDay(elapsedMs / DAY_MS - day)) * DAY_MS);
  }
}

/** Share of a day's payments that are made up to each minute of it, from 0 to 1. */
const SHARES = Float64Array.from({ length: STEPS + 1 }, () => 0);
for (let step = 1; step <= STEPS; step += 1) {
  const seconds = ((step - 0.5) / STEPS) * 86_400;
  SHARES[step] = (SHARES[step - 1] as number) + Math.exp(-((seconds - NOON_S) ** 2) / (2 * SPREAD_S ** 2));
}
for (let step = 0; step <= STEPS; step += 1) SHARES[step] = (SHARES[step] as number) / (SHARES[STEPS] as number);

/** When in the day, from 0 to 1, this share of its payments has been made. */
function partOfDay(share: number): number {
  let low = 0;
  let high = STEPS;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((SHARES[middle] as number) <= share) low = middle;
    else high = middle;
  }
  const [from, to] = [SHARES[low] as number, SHARES[high] as number];
  return (low + (share - from) / (to - from)) / STEPS;
}
