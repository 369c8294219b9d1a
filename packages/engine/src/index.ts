export { type CompileResult, CURRENCY_NOT_LISTED, compileRuleset } from "./compile.ts";
export { formatFaults, type RulesetFault } from "./fault.ts";
export type { Plan, PlannedFeature, PlannedRule } from "./plan.ts";
export { LIMITS, RulesetDocument } from "./ruleset-schema.ts";
export { createDetectorStage, DETECTOR_LABELS, type DetectorStageOptions, type DetectorState } from "./stage.ts";
export { ENGINE_VERSION } from "./version.ts";
export { CorruptChunk } from "./window/chunk.ts";
export { type WindowEvent, WindowState } from "./window/window-state.ts";
