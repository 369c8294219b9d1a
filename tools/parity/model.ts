/** The published model's scores as packages/model computes them, of the published features. */
import { loadModel, marginOf, probabilityOf } from "@weir/model";

export const MAX_SCORE_ERROR = 1e-6;

export type ScoreParity = { readonly rows: number; readonly worst: number };

/** `model`: XGBoost's JSON; `golden`: CSV of tx_id, the model's inputs, and golden_score. Throws if it cannot be loaded. */
export function scoreParity(model: string, golden: string): ScoreParity {
  const loaded = loadModel(model);
  if (!loaded.ok) throw new Error(loaded.faults.join("; "));
  const { forest, calibration } = loaded.model;
  const margin = marginOf(forest);
  const [header = "", ...lines] = golden.trimEnd().split("\n");
  const scoreAt = header.split(",").indexOf("golden_score");
  let worst = 0;
  for (const line of lines) {
    const values = line.split(",").map(Number);
    const score = probabilityOf(calibration, margin(Float32Array.from(values.slice(1, 1 + forest.featureCount))));
    worst = Math.max(worst, Math.abs(score - (values[scoreAt] as number)));
  }
  return { rows: lines.length, worst };
}
