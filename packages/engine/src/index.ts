export { type Admission, type AdmitOptions, admit } from "./admit.ts";
export { createChain } from "./chain/chain.ts";
export type { ChainOptions, ChainStage, ChainState, ChainStep } from "./chain/chain-stage.ts";
export { DECISION_MARKS, parseDecisionLabel } from "./chain/step-labels.ts";
export { type ChainLink, type ChainShape, type ChainTopics, chainOf, inputTopicOf } from "./chain/topology.ts";
export { type CompileOptions, type CompileResult, compileRuleset } from "./compile.ts";
export { createDecide, type Decide, type Verdict } from "./decide.ts";
export { createDecisionText, type Decided, type DecisionText, type DecisionTextOptions } from "./decision-text.ts";
export { DocumentName, documentKind, readDocument, type SourceDocument } from "./document.ts";
export { Duration, durationMs, formatDuration } from "./duration.ts";
export { type Evaluation, Evaluator } from "./evaluator.ts";
export { type Facts, factsOf } from "./facts.ts";
export { formatFaults, inDocumentOrder, type RulesetFault } from "./fault.ts";
export type { Aggregate, EntityField, Feature } from "./feature.ts";
export { aggregateKey } from "./features.ts";
export { type ReadBeside, type TrainedResult, trainedModel, withModel } from "./model.ts";
export {
  CURRENCY_NOT_LISTED,
  MODEL,
  type ModelInput,
  type Plan,
  type PlannedEntity,
  type PlannedModel,
  type PlannedRule,
  type TrainedModel,
} from "./plan.ts";
export { MAX_EVIDENCE, sentenceOf } from "./reasons.ts";
export { duplicateRejection, internalRejection, type Rejection } from "./reject.ts";
export { ENTITY_FIELDS, LIMITS, RulesetDocument } from "./ruleset-schema.ts";
export { spliceDecision } from "./splice.ts";
export { isToken, Tokens, tokensBy } from "./tokens.ts";
export { ENGINE_VERSION } from "./version.ts";
export { CorruptChunk } from "./window/chunk.ts";
export { EntityState } from "./window/entity-state.ts";
export type { EntityView, FeatureView } from "./window/entity-view.ts";
export { bytesPerEvent, bytesPerKey } from "./window/footprint.ts";
export {
  type EntityLayout,
  type LayoutOptions,
  layoutIdentity,
  layoutOf,
  MAX_LIVE_EVENTS,
  readsAmounts,
} from "./window/layout.ts";
export type { Duplicate, Labelling, Observation, Origin, StateEvent } from "./window/observation.ts";
