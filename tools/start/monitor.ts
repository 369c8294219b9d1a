/** What the services export, shown while they run: a view in place on a terminal, else a line now and then. */

import type { Screen } from "../cli/screen.ts";
import { type Numbers, numbersBetween, type Reading, readingOf } from "./numbers.ts";
import type { Scraper } from "./scraper.ts";
import { type Frame, liveLines, plainLine } from "./view.ts";

const PLAIN_EVERY_MS = 5_000;
/** Rates and latencies are those of the last seconds. */
const WINDOW_MS = 5_000;

export type MonitorOptions = Pick<Frame, "ruleset" | "forMs" | "places" | "stages"> & {
  readonly scraper: Scraper;
  readonly screen: Screen;
  /** When npm start began, monotonic ms. */
  readonly startedMs: number;
};

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #runningSinceMs = performance.now();
  /** The start of the run, from which its totals are counted, then those of the last seconds. */
  readonly #readings: Reading[] = [readingOf(performance.now(), [], [])];
  #phase = "running";
  #decidedYet = false;
  #nextPlainMs = 0;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** From now on each view says so. */
  enter(phase: string): void {
    this.#phase = phase;
  }

  /** Reads all services and shows it; `known` is put in place of what they say. */
  async look(known: Partial<Reading> = {}): Promise<void> {
    const { scraper, screen } = this.#options;
    const reading = { ...(await scraper.read()), ...known };
    this.#readings.push(reading);
    while (this.#readings.length > 3 && (this.#readings[1]?.atMs ?? 0) < reading.atMs - WINDOW_MS) {
      this.#readings.splice(1, 1);
    }
    this.#tellFirstDecisions(reading);
    if (screen.live) this.draw();
    else if (performance.now() >= this.#nextPlainMs) {
      this.#nextPlainMs = performance.now() + PLAIN_EVERY_MS;
      screen.say(plainLine(this.#frame()));
    }
  }

  /** On a terminal: what was read last, under the phase of now. */
  draw(): void {
    const { screen } = this.#options;
    if (screen.live) screen.draw(liveLines(this.#frame(), screen.columns));
  }

  /** Of the whole run. */
  totals(): Numbers {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (first === undefined || last === undefined) throw new Error("a monitor has a reading from its beginning");
    return numbersBetween(first, last);
  }

  #tellFirstDecisions(reading: Reading): void {
    if (this.#decidedYet || reading.decided === 0) return;
    this.#decidedYet = true;
    const seconds = ((performance.now() - this.#options.startedMs) / 1000).toFixed(1);
    this.#options.screen.say(`first decisions ${seconds} s after the start`);
  }

  #frame(): Frame {
    const { ruleset, forMs, places, stages } = this.#options;
    const [, earlier, ...later] = this.#readings;
    return {
      elapsedMs: performance.now() - this.#runningSinceMs,
      phase: this.#phase,
      forMs,
      ruleset,
      numbers: earlier === undefined ? null : numbersBetween(earlier, later.at(-1) ?? earlier),
      places,
      stages,
    };
  }
}
