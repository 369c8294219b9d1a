/**
 * The ruleset as a setting: the file is read and compiled with the rest of the configuration, so that one start
 * shows the faults of both.
 */
import { dirname, join } from "node:path";
import { compileRuleset, formatFaults, type Plan, type Tokens, tokensBy } from "@weir/engine";
import { type Entry, file, flag, oneOf, tokeniseKey } from "@weir/service";

const path = file({
  name: "RULESET",
  about: "The rules to decide by, a YAML document; a model that it names lies beside it",
  default: "rulesets/threshold.yaml",
});

const inputKeyed = flag({
  name: "INPUT_KEYED",
  about:
    "The input is keyed by source with Kafka's default partitioner: a ruleset that asks for no frauds then needs no gate, unless ids become tokens",
  default: false,
});

export type RulesetSettings = {
  readonly plan: Plan;
  readonly path: string;
  /** Never where ids are tokens: the input is keyed by what they were. */
  readonly inputKeyed: boolean;
  readonly tokens: Tokens | undefined;
};

export const rulesetSettings: Entry<RulesetSettings> = {
  rows: [...path.rows, ...inputKeyed.rows, ...tokeniseKey.rows],
  read(source, faults) {
    const keyed = inputKeyed.read(source, faults);
    const secret = tokeniseKey.read(source, faults);
    const document = path.read(source, faults);
    if (!document.ok || !secret.ok) return { ok: false };
    const tokens = tokensBy(secret.value);
    const { text, path: file } = document.value;
    const readBeside = (name: string): string => source.readFile(join(dirname(file), name));
    const compiled = compileRuleset(text, { file, readBeside, tokens });
    if (!compiled.ok) faults.push(...compiled.faults.map((fault) => `RULESET ${formatFaults([fault]).trimEnd()}`));
    if (!compiled.ok || !keyed.ok) return { ok: false };
    const { plan } = compiled;
    return { ok: true, value: { plan, path: document.value.path, inputKeyed: keyed.value && !tokens, tokens } };
  },
};

export const explain = oneOf({
  name: "EXPLAIN",
  about: "What a decision carries beside its reasons: full adds the value of every feature",
  words: ["none", "full"],
  default: "none",
});
