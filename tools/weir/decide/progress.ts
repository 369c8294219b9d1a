/** How far it is: one line in place on a terminal, a plain line now and then in a pipe. */
import { clock, count, share } from "../../cli/format.ts";
import type { Screen } from "../../cli/screen.ts";

const LIVE_MS = 250;
const PLAIN_MS = 5_000;

export type Standing = { readonly rows: number; readonly bytesRead: number; readonly sizeBytes: number };

export class Progress {
  readonly #screen: Screen;
  readonly #startedMs: number;
  #shownMs: number;

  constructor(screen: Screen, nowMs: number) {
    this.#screen = screen;
    this.#startedMs = nowMs;
    this.#shownMs = nowMs;
  }

  /** Shows it if the last time is long enough ago. `nowMs`: monotonic. */
  tell(standing: Standing, nowMs: number): void {
    if (nowMs - this.#shownMs < (this.#screen.live ? LIVE_MS : PLAIN_MS)) return;
    this.#shownMs = nowMs;
    const line = progressLine(standing, nowMs - this.#startedMs);
    if (this.#screen.live) this.#screen.draw([line]);
    else this.#screen.say(line);
  }

  /** Takes the line away that is drawn in place. */
  end(): void {
    this.#screen.clear();
  }
}

/** The share is that of the file's bytes, since nobody knows how many rows are in it. */
export function progressLine({ rows, bytesRead, sizeBytes }: Standing, elapsedMs: number): string {
  const done = sizeBytes === 0 ? 1 : bytesRead / sizeBytes;
  const left = done > 0 && done < 1 ? `  ${clock((elapsedMs * (1 - done)) / done)} left` : "";
  return `${count(rows)} rows  ${count(rows / (elapsedMs / 1000))}/s  ${share(bytesRead, sizeBytes)}${left}`;
}
