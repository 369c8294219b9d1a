/** Finds reads of optional fields that are not asked for first, as a type checker narrows a nullable. */
import type { ASTNode } from "@marcbachmann/cel-js";
import type { ExpressionFault } from "./expression.ts";
import { children } from "./expression.ts";
import type { Names } from "./names.ts";

type Present = ReadonlySet<string>;
const NONE: Present = new Set();

export function presenceFaults(ast: ASTNode, names: Names): ExpressionFault[] {
  const faults: ExpressionFault[] = [];
  visit(ast, NONE, names, faults);
  return faults;
}

function visit(node: ASTNode, present: Present, names: Names, faults: ExpressionFault[]): void {
  switch (node.op) {
    case "id": {
      const name = names.get(node.args);
      if (name !== undefined && name.kind !== "list" && name.optional && !present.has(node.args))
        faults.push({
          at: node.start,
          message: `${node.args} may be missing; ask first: ${node.args} != null && ...`,
        });
      return;
    }
    case "&&":
    case "||": {
      const [left, right] = node.args;
      visit(left, present, names, faults);
      visit(right, union(present, presentWhen(left, node.op === "&&")), names, faults);
      return;
    }
    case "?:": {
      const [condition, yes, no] = node.args;
      visit(condition, present, names, faults);
      visit(yes, union(present, presentWhen(condition, true)), names, faults);
      visit(no, union(present, presentWhen(condition, false)), names, faults);
      return;
    }
    default:
      if (askedFor(node) !== null) return;
      for (const child of children(node)) visit(child, present, names, faults);
  }
}

/** The field that `node` compares with null. */
export function askedFor(node: ASTNode): string | null {
  if (node.op !== "==" && node.op !== "!=") return null;
  const [left, right] = node.args;
  if (left.op === "id" && isNull(right)) return left.args;
  if (right.op === "id" && isNull(left)) return right.args;
  return null;
}

export function isNull(node: ASTNode): boolean {
  return node.op === "value" && node.args === null;
}

/** Fields that are surely there when `node` came out as `outcome`. */
function presentWhen(node: ASTNode, outcome: boolean): Present {
  const field = askedFor(node);
  if (field !== null) return (node.op === "!=") === outcome ? new Set([field]) : NONE;
  if (node.op === "!_") return presentWhen(node.args, !outcome);
  if (node.op !== "&&" && node.op !== "||") return NONE;
  const left = presentWhen(node.args[0], outcome);
  const right = presentWhen(node.args[1], outcome);
  // && true and || false mean that both sides came out so; otherwise only one of them did.
  return (node.op === "&&") === outcome ? union(left, right) : new Set([...left].filter((field) => right.has(field)));
}

function union(a: Present, b: Present): Present {
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}
