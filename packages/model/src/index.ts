export {
  type Calibration,
  calibrationText,
  fitCalibration,
  probabilityOf,
  UNCALIBRATED,
} from "./calibration.ts";
export { type Contributions, contributionsOf } from "./contributions.ts";
export { type Forest, MODEL_LIMITS, walk } from "./forest.ts";
export { type Margin, marginOf } from "./generated.ts";
export { type LoadedModel, type LoadResult, loadModel } from "./load.ts";
export { stabilityIndex } from "./stability.ts";
