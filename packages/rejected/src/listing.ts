/** The newest or oldest few of many letters, and how many there are by reason. */
import type { Fault } from "@weir/schema";
import { bytesOf, type Letter } from "./letter.ts";

/** What is told of a letter in a list: nothing that its producer wrote. */
export type LetterRow = Pick<Letter, "origin" | "partition" | "offset" | "timestampMs" | "reason" | "replayOf"> & {
  readonly firstFault: Fault | null;
  readonly bytes: number;
};

export class Listing {
  readonly #limit: number;
  readonly #order: (a: LetterRow, b: LetterRow) => number;
  #rows: LetterRow[] = [];
  /** Letters by reason. */
  readonly totals = new Map<string, number>();

  /** Keeps at most twice `limit` rows at any time. */
  constructor(limit: number, order: "newest" | "oldest") {
    this.#limit = limit;
    const sign = order === "newest" ? -1 : 1;
    this.#order = (a, b) => sign * (a.timestampMs - b.timestampMs || a.partition - b.partition || a.offset - b.offset);
  }

  add(letter: Letter): void {
    const { origin, partition, offset, timestampMs, reason, replayOf } = letter;
    this.totals.set(reason, (this.totals.get(reason) ?? 0) + 1);
    const firstFault = letter.faults[0] ?? null;
    this.#rows.push({ origin, partition, offset, timestampMs, reason, replayOf, firstFault, bytes: bytesOf(letter) });
    if (this.#rows.length >= 2 * this.#limit) this.#rows = this.rows();
  }

  /** By the input records' own timestamps; at most `limit`. */
  rows(): LetterRow[] {
    return this.#rows.toSorted(this.#order).slice(0, this.#limit);
  }
}

/** As JSON. `others`: records that Weir did not write. */
export function listed(rows: readonly LetterRow[], totals: ReadonlyMap<string, number>, others: number) {
  const rejected = rows.map(({ partition, offset, timestampMs, ...row }) => ({
    ...row,
    at: { partition, offset },
    timestamp: timestampMs < 0 ? null : new Date(timestampMs).toISOString(),
  }));
  return { rejected, totals: Object.fromEntries(totals), others };
}
