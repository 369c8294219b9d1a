/**
 * The ruleset as a setting: the file is read and compiled with the rest of the configuration, so that one start
 * shows the faults of both.
 */
import { beyondOneStage, compileRuleset, formatFaults, type Plan } from "@weir/engine";
import { type Entry, file, flag, oneOf } from "@weir/service";

const path = file({
  name: "RULESET",
  about: "The rules to decide by, a YAML document",
  default: "rulesets/threshold.yaml",
});

const inputKeyed = flag({
  name: "INPUT_KEYED",
  about: "The input is keyed by source with Kafka's default partitioner; a ruleset with features needs that",
  default: false,
});

export type RulesetSettings = { readonly plan: Plan; readonly inputKeyed: boolean };

export const rulesetSettings: Entry<RulesetSettings> = {
  rows: [...path.rows, ...inputKeyed.rows],
  read(source, faults) {
    const keyed = inputKeyed.read(source, faults);
    const document = path.read(source, faults);
    if (!document.ok) return { ok: false };
    const compiled = compileRuleset(document.value.text, { file: document.value.path });
    if (!compiled.ok) {
      faults.push(...compiled.faults.map((fault) => `RULESET ${formatFaults([fault]).trimEnd()}`));
      return { ok: false };
    }
    const { plan } = compiled;
    const beyond = beyondOneStage(plan);
    if (beyond !== null) faults.push(`RULESET ${document.value.path}: ${beyond}`);
    if (beyond !== null || !keyed.ok) return { ok: false };
    if (plan.stateful && !keyed.value) {
      faults.push(
        `RULESET ${document.value.path} has features, so each transaction must come to the partition of its source: ` +
          "set INPUT_KEYED=true if the producers key by source (Weir's generator does), or take a ruleset without features",
      );
      return { ok: false };
    }
    return { ok: true, value: { plan, inputKeyed: keyed.value } };
  },
};

export const explain = oneOf({
  name: "EXPLAIN",
  about: "What a decision carries beside its reasons: full adds the value of every feature",
  words: ["none", "full"],
  default: "none",
});
