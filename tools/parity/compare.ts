/** Weir's features against the batch and against published values, cell by cell. Pure. */
import { createBatch, FEATURES, type Transactions } from "./batch.ts";

export type Difference = {
  readonly id: string;
  readonly feature: string;
  readonly weir: number;
  readonly other: number;
};

/** Rows of [fromSeconds, untilSeconds) are compared; both sides must be the very same double. */
export class BatchParity {
  rows = 0;
  readonly differences: Difference[] = [];
  /** Cells that differ from a batch in which all transactions of one second are in a window or out of it together. */
  tieCells = 0;
  readonly #rowOf: ReadonlyMap<string, number>;
  readonly #batch: (row: number) => number[];
  readonly #together: (row: number) => number[];
  readonly #transactions: Transactions;
  readonly #from: number;
  readonly #until: number;

  constructor(transactions: Transactions, fromSeconds: number, untilSeconds: number) {
    this.#transactions = transactions;
    this.#rowOf = new Map(transactions.ids.map((id, row) => [id, row]));
    this.#batch = createBatch(transactions, "up to it");
    this.#together = createBatch(transactions, "all");
    this.#from = fromSeconds;
    this.#until = untilSeconds;
  }

  get cells(): number {
    return this.rows * FEATURES.length;
  }

  add(id: string, features: Float64Array): void {
    const row = this.#rowOf.get(id);
    if (row === undefined) throw new Error(`transaction ${id} is not in the batch`);
    const seconds = this.#transactions.seconds[row] as number;
    if (seconds < this.#from || seconds >= this.#until) return;
    this.rows += 1;
    for (const [index, other] of this.#batch(row).entries()) {
      const weir = features[index] as number;
      if (weir !== other) this.differences.push({ id, feature: FEATURES[index] as string, weir, other });
    }
    for (const [index, other] of this.#together(row).entries()) if (features[index] !== other) this.tieCells += 1;
  }
}

/** Published values by transaction: a CSV of tx_id and the 15 features, nine significant digits each. */
export class GoldenParity {
  rows = 0;
  /** Greatest |weir - golden| / |golden| beyond what the rounding to nine digits explains; where golden is 0, |weir|. */
  worst = 0;
  worstAt = "none";
  readonly #golden: ReadonlyMap<string, readonly number[]>;

  constructor(csv: string) {
    const [, ...lines] = csv.split("\n").filter((line) => line !== "");
    this.#golden = new Map(
      lines.map((line) => {
        const [id = "", ...values] = line.split(",");
        return [id, values.slice(0, FEATURES.length).map(Number)];
      }),
    );
  }

  get expected(): number {
    return this.#golden.size;
  }

  add(id: string, features: Float64Array): void {
    const golden = this.#golden.get(id);
    if (golden === undefined) return;
    this.rows += 1;
    for (const [index, value] of golden.entries()) {
      const weir = features[index] as number;
      const error = (Math.abs(weir - value) - halfOfLastDigit(value)) / (value === 0 ? 1 : value);
      if (error <= this.worst) continue;
      this.worst = error;
      this.worstAt = `${FEATURES[index]} of ${id}: ${weir}, published ${value}`;
    }
  }
}

function halfOfLastDigit(value: number): number {
  return value === 0 ? 0 : 0.5 * 10 ** (Math.floor(Math.log10(value)) - 8);
}
