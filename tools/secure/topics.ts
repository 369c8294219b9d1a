/** Which topics there are, by the settings of the services. */
import { rulesetSettings } from "@weir/detector";
import { appId, processSource, readSettings, topicSettings } from "@weir/service";
import type { TopicsOf } from "../weir/topics/topics.ts";

/** Throws ConfigurationError. */
export function readTopics(env: NodeJS.ProcessEnv): TopicsOf {
  const table = { names: topicSettings, appId, ruleset: rulesetSettings };
  const { names, appId: app, ruleset } = readSettings(table, { ...processSource, env });
  return { names, appId: app, plan: ruleset.plan, inputKeyed: ruleset.inputKeyed };
}
