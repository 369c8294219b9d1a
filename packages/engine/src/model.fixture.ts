/** Models of stumps, as XGBoost would write them. */

export type Stump = {
  /** Place of its input. */
  readonly at: number;
  readonly below: number;
  /** Log odds that it adds below, and from there on. */
  readonly adds: readonly [number, number];
};

export function aModel(names: readonly string[], stumps: readonly Stump[], calibration?: string): string {
  return JSON.stringify({
    learner: {
      attributes: calibration === undefined ? {} : { weir_calibration: calibration },
      feature_names: names,
      gradient_booster: {
        name: "gbtree",
        model: {
          trees: stumps.map(({ at, below, adds }) => ({
            left_children: [1, -1, -1],
            right_children: [2, -1, -1],
            split_indices: [at, 0, 0],
            split_conditions: [below, ...adds],
            default_left: [1, 0, 0],
            sum_hessian: [10, 9, 1],
          })),
        },
      },
      learner_model_param: { base_score: "5E-1", num_feature: String(names.length) },
      objective: { name: "binary:logistic" },
    },
  });
}
