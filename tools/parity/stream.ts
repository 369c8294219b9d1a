/** The handbook's features as Weir computes them: one pass over the file in its order, labels a week late. */
import { join } from "node:path";
import { openDataset } from "@weir/dataset";
import type { Progress } from "../weir/decide/progress.ts";
import { Replay } from "../weir/decide/replay.ts";
import { readColumns, readRuleset } from "../weir/inputs.ts";
import { FEATURES } from "./batch.ts";

const root = join(import.meta.dirname, "..", "..");

/** `features` in the order of FEATURES, written over by the next row. */
export type OnRow = (id: string, features: Float64Array) => void;

/**
 * Payments of 0.00 are let in, which the input topic refuses: the handbook counts them. Amount, weekend and night are
 * the payment's own; the last two are derived here from the decision's event time.
 * Returns how many rows there were; throws on a row that is rejected.
 */
export async function streamFeatures(file: string, onRow: OnRow, progress: Progress | null): Promise<number> {
  const faults: string[] = [];
  const plan = await readRuleset(join(root, "rulesets/handbook-features.yaml"), faults);
  const columns = await readColumns(join(root, "datasets/handbook.yaml"), faults);
  if (plan === null || columns === null) throw new Error(faults.join("\n"));
  const labelDelayMs = columns.label?.delayMs ?? 0;
  const replay = new Replay({ plan, explain: "none", labelDelayMs, leastAmountMinor: 0 });
  const places = FEATURES.slice(3).map((name) => plan.features.findIndex((feature) => feature.name === name));
  const vector = new Float64Array(FEATURES.length);
  const dataset = await openDataset(file, columns);
  let rows = 0;
  try {
    for await (const batch of dataset.batches()) {
      for (const row of batch) {
        const replayed = replay.step(row);
        if (replayed.kind === "rejected")
          throw new Error(`${file}:${replayed.line} was rejected: ${JSON.stringify(replayed.rejection)}`);
        const { facts, timeMs } = replayed.decided;
        const time = new Date(timeMs);
        vector[0] = facts.amount;
        vector[1] = time.getUTCDay() === 0 || time.getUTCDay() === 6 ? 1 : 0;
        vector[2] = time.getUTCHours() <= 6 ? 1 : 0;
        for (const [index, place] of places.entries()) vector[3 + index] = facts.features[place] as number;
        onRow(facts.id as string, vector);
        rows += 1;
      }
      progress?.tell({ rows, bytesRead: dataset.bytesRead(), sizeBytes: dataset.sizeBytes }, performance.now());
    }
  } finally {
    dataset.close();
  }
  return rows;
}
