/** Which rows of a data set there are. */
import type { DataRow, Dataset } from "@weir/dataset";

export type Span = {
  /** Event times in [sinceMs, toMs) are sent, those in [fromMs, toMs) compared. */
  readonly sinceMs: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/** As if the file held only these rows. Rows without a time are left out. */
export function cutOf(dataset: Dataset | null, { sinceMs, toMs }: Span): Dataset | null {
  if (dataset === null) return null;
  const isIn = (row: DataRow): boolean => row.ok && row.timeMs !== null && row.timeMs >= sinceMs && row.timeMs < toMs;
  async function* cut(): AsyncGenerator<readonly DataRow[]> {
    for await (const batch of (dataset as Dataset).batches()) {
      yield batch.filter(isIn);
      if (batch.some((row) => row.ok && row.timeMs !== null && row.timeMs >= toMs)) return;
    }
  }
  return { ...dataset, batches: cut };
}
