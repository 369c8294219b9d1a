/** Whether an expression can still come out true while part of what it reads is not known yet. */
import type { ASTNode } from "@marcbachmann/cel-js";
import { children } from "./ast.ts";
import { compileClosure } from "./closures.ts";
import type { Facts } from "./facts.ts";
import type { Names } from "./names.ts";

type Test = (facts: Facts) => boolean;

/** Three-valued logic (Kleene's) in two closures: neither says no to what some value of the unknown would make so. */
type Possible = { readonly yes: Test; readonly no: Test };

const always: Test = () => true;
const ANYTHING: Possible = { yes: always, no: always };

/**
 * For a checked condition. The test is false only if the condition is false whatever the features are that stand at
 * `known` and beyond in the vector; those are not read. Where nothing is unknown it is the condition itself.
 */
export function compilePossible(ast: ASTNode, names: Names, known: number): Test {
  return possible(ast, names, known).yes;
}

function possible(node: ASTNode, names: Names, known: number): Possible {
  if (!readsUnknown(node, names, known)) {
    const { run } = compileClosure(node, names);
    return { yes: (facts) => run(facts) === true, no: (facts) => run(facts) === false };
  }
  const of = (child: ASTNode): Possible => possible(child, names, known);
  switch (node.op) {
    case "!_": {
      const { yes, no } = of(node.args);
      return { yes: no, no: yes };
    }
    case "&&": {
      const [a, b] = [of(node.args[0]), of(node.args[1])];
      return { yes: (facts) => a.yes(facts) && b.yes(facts), no: (facts) => a.no(facts) || b.no(facts) };
    }
    case "||": {
      const [a, b] = [of(node.args[0]), of(node.args[1])];
      return { yes: (facts) => a.yes(facts) || b.yes(facts), no: (facts) => a.no(facts) && b.no(facts) };
    }
    case "?:": {
      const [asked, a, b] = [of(node.args[0]), of(node.args[1]), of(node.args[2])];
      return {
        yes: (facts) => (asked.yes(facts) && a.yes(facts)) || (asked.no(facts) && b.yes(facts)),
        no: (facts) => (asked.yes(facts) && a.no(facts)) || (asked.no(facts) && b.no(facts)),
      };
    }
    default:
      return ANYTHING;
  }
}

function readsUnknown(node: ASTNode, names: Names, known: number): boolean {
  if (node.op !== "id") return children(node).some((child) => readsUnknown(child, names, known));
  const name = names.get(node.args);
  return name?.kind === "number" && name.feature !== null && name.feature >= known;
}
