/** What the contenders have to do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileRuleset, formatFaults, type Plan } from "@weir/engine";
import { repositoryRoot } from "@weir/testing";

export type Job = {
  readonly name: JobName;
  readonly what: string;
  readonly rulesetFile: string;
  readonly plan: Plan;
};

export const JOB_NAMES = ["split", "one-window", "eight-windows", "chain"] as const;
export type JobName = (typeof JOB_NAMES)[number];

const WHAT: Readonly<Record<JobName, string>> = {
  split: "the tutorial's rule, no state",
  "one-window": "count and sum of the source's last hour",
  "eight-windows": "eight windows of the source",
  chain: "eight windows of the source, then eight of the target",
};

export function jobOf(name: JobName): Job {
  const file = name === "split" ? "rulesets/threshold.yaml" : `bench/rulesets/${name}.yaml`;
  const rulesetFile = join(repositoryRoot, file);
  const compiled = compileRuleset(readFileSync(rulesetFile, "utf8"), { file });
  if (!compiled.ok) throw new Error(formatFaults(compiled.faults));
  return { name, what: WHAT[name], rulesetFile, plan: compiled.plan };
}
