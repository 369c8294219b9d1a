export { detector, detectorOn, entryGroup, groupOf, labelsGroup, type Source } from "./detector.ts";
export type { EntityAnswer } from "./entity-routes.ts";
export { type RulesetSettings, rulesetSettings } from "./ruleset-settings.ts";
export { allowPartialHistory } from "./settings.ts";
