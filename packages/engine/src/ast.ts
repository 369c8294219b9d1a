/** Small questions to cel-js's syntax tree. */
import type { ASTNode } from "@marcbachmann/cel-js";

/** Operands of a node, for the operators that exist in the rule language. */
export function children(node: ASTNode): readonly ASTNode[] {
  if (node.op === "value" || node.op === "id") return [];
  if (node.op === "!_" || node.op === "-_") return [node.args];
  return node.args as readonly ASTNode[];
}

/** How many operations, names and literals it has. */
export function countNodes(node: ASTNode): number {
  return children(node).reduce((sum, child) => sum + countNodes(child), 1);
}

/** The same for expressions that are the same but for layout and brackets. */
export function canonical(node: ASTNode): string {
  if (node.op === "value") return JSON.stringify(node.args) ?? String(node.args);
  if (node.op === "id") return node.args;
  const operands = children(node).map(canonical);
  if (node.op === "!_" || node.op === "-_") return `${node.op[0]}${operands[0]}`;
  if (node.op === "list") return `[${operands.join(", ")}]`;
  if (node.op === "?:") return `(${operands[0]} ? ${operands[1]} : ${operands[2]})`;
  return `(${operands.join(` ${node.op} `)})`;
}

export function isNull(node: ASTNode): boolean {
  return node.op === "value" && node.args === null;
}

/** The name that `node` compares with null. */
export function askedFor(node: ASTNode): string | null {
  if (node.op !== "==" && node.op !== "!=") return null;
  const [left, right] = node.args;
  if (left.op === "id" && isNull(right)) return left.args;
  if (right.op === "id" && isNull(left)) return right.args;
  return null;
}
