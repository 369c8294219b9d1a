/** Which stages of the ruleset's chain a process is for. */
import { chainOf } from "@weir/engine";
import { type Entry, flag, text } from "@weir/service";
import { type RulesetSettings, rulesetSettings } from "./ruleset-settings.ts";

const stages = text({
  name: "STAGES",
  about: "Run only these stages of the ruleset's chain, such as gate,labels; the others have to run elsewhere",
  default: null,
  pattern: /^[a-z]+(,[a-z]+)*$/,
  accepts: "names of stages with commas between them",
});

const drain = flag({
  name: "DRAIN",
  about: "Take in nothing, decide what is under way between the stages of this ruleset, and end",
  default: false,
});

export type ChainSettings = RulesetSettings & {
  /** Names of those to run, in the order of the flow. */
  readonly stages: readonly string[];
  readonly drain: boolean;
};

export const chainSettings: Entry<ChainSettings> = {
  rows: [...rulesetSettings.rows, ...stages.rows, ...drain.rows],
  read(source, faults) {
    const chosen = stages.read(source, faults);
    const draining = drain.read(source, faults);
    const ruleset = rulesetSettings.read(source, faults);
    if (!chosen.ok || !draining.ok || !ruleset.ok) return { ok: false };
    const { value } = ruleset;
    const chain = chainOf(value.plan, value);
    const names = chain.map(({ name }) => name);
    const wanted = chosen.value?.split(",") ?? null;
    const unknown = wanted?.filter((name) => !names.includes(name)) ?? [];
    const inner = chain.filter(({ kind }) => kind === "entity").map(({ name }) => name);
    const wrong: string[] = [];
    if (unknown.length > 0)
      wrong.push(`STAGES must be among ${names.join(",")}, which is all of ${value.path}; got ${unknown.join(",")}`);
    if (draining.value && wanted !== null) wrong.push("STAGES has no meaning with DRAIN=true: leave it out");
    if (draining.value && inner.length === 0)
      wrong.push(`RULESET ${value.path} has no stages to drain: set it to the ruleset that ran before`);
    faults.push(...wrong);
    if (wrong.length > 0) return { ok: false };
    const here = draining.value ? inner : names.filter((name) => wanted?.includes(name) ?? true);
    return { ok: true, value: { ...value, stages: here, drain: draining.value } };
  },
};
