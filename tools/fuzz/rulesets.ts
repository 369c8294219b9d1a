/** Rulesets that somebody writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileRuleset, Evaluator, type Plan } from "@weir/engine";
import { decodeTransaction } from "@weir/schema";
import { hostileRuleset, repositoryRoot } from "@weir/testing";
import { must, type Target } from "./target.ts";

const good = ["threshold", "starter", "card-payments"].map((name) =>
  readFileSync(join(repositoryRoot, "rulesets", `${name}.yaml`), "utf8"),
);

export const rulesets: Target = {
  name: "ruleset",
  share: 30,
  draw: (chance) => Buffer.from(hostileRuleset(chance, good)),
  take(input) {
    const result = compileRuleset(String(input), { file: "r.yaml" });
    if (result.ok) return decided(result.plan);
    must(result.faults.length > 0, "what is refused has a fault");
    for (const { line, column, message } of result.faults)
      must(line >= 1 && column >= 1 && message !== "", `a fault has a place and says something: ${line}:${column}`);
    return "refused";
  },
};

function decided(plan: Plan): string {
  const message = { source: "a", target: "b", amount: 950, currency: "EUR", country: "NG", id: "t" };
  const decoded = decodeTransaction(Buffer.from(JSON.stringify(message)));
  must(decoded.ok, "the message is good");
  const evaluator = new Evaluator(plan, { topic: "in", explain: "full" });
  const origin = { partition: 0, offset: 0 };
  const evaluation = evaluator.transaction(decoded.transaction, 1_700_000_000_000, origin, 0);
  must(evaluation.kind === "decided", "there is no earlier one");
  const { outcome } = JSON.parse(evaluation.text) as { outcome: string };
  must(["approve", "review", "decline"].includes(outcome), `${outcome} is no outcome`);
  return outcome;
}
