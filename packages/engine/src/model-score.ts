/** What the model of a plan says of a transaction, and which inputs moved it. */
import { probabilityOf } from "@weir/model";
import type { Facts } from "./facts.ts";
import type { ModelInput, PlannedModel } from "./plan.ts";

/** An input that moved the score: by how much in log odds; above 0 it speaks for fraud. */
export type Moved = { readonly input: ModelInput; readonly value: number; readonly logOdds: number };

export type ModelScore = {
  /** 0 to 1. */
  score(facts: Facts): number;
  /** The `limit` inputs that moved it most, the greatest first. */
  moved(facts: Facts, limit: number): Moved[];
};

/** Null where no model is trained. Between calls nothing is kept. */
export function createModelScore(model: PlannedModel | null): ModelScore | null {
  if (model === null || model.trained === null) return null;
  const { inputs, trained } = model;
  const { margin, calibration, contributions } = trained;
  const reads = inputs.map(({ read }) => read);
  const row = new Float32Array(inputs.length);
  const fill = (facts: Facts): Float32Array => {
    for (let index = 0; index < reads.length; index += 1)
      row[index] = (reads[index] as (facts: Facts) => number)(facts);
    return row;
  };
  return {
    score: (facts) => probabilityOf(calibration, margin(fill(facts))),
    moved(facts, limit) {
      const by = contributions(fill(facts));
      return inputs
        .map((input, index) => ({ input, value: row[index] as number, logOdds: by[index] as number }))
        .filter(({ logOdds }) => logOdds !== 0)
        .sort((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
        .slice(0, limit);
    },
  };
}
