/**
 * What is known where in an expression: which names are there, and between which bounds its numbers lie. Finds
 * reads of what may be missing, divisors that can be 0, and comparisons that always come out the same.
 *
 * Each node is looked at once, with what its context knows, and tells what is known after it came out true and
 * after it came out false: `count > 0 && amount / count > 5` divides where count is above 0.
 */
import type { ASTNode } from "@marcbachmann/cel-js";
import { askedFor, canonical, children } from "./ast.ts";
import type { ExpressionFault } from "./expression.ts";
import type { Names } from "./names.ts";
import {
  computed,
  describeRange,
  holding,
  hull,
  intersect,
  isPoint,
  mayBeZero,
  negated,
  point,
  type Range,
} from "./range.ts";

/** Null: no transaction comes here. */
type Known = {
  readonly present: ReadonlySet<string>;
  /** Of expressions that were compared with something, by their canonical text. */
  readonly ranges: ReadonlyMap<string, Range>;
} | null;

/** What is known when a condition holds and when it does not. */
type Split = { readonly yes: Known; readonly no: Known };

const COMPARED_THE_OTHER_WAY = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=" } as const;
const NEGATED = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==" } as const;
type Comparison = keyof typeof NEGATED;

const NOTHING_KNOWN: Known = { present: new Set(), ranges: new Map() };

/** `constants`: whether a comparison that always comes out the same is a fault. */
export function flowFaults(ast: ASTNode, names: Names, constants: boolean): ExpressionFault[] {
  const flow = new Flow(names, constants);
  flow.condition(ast, NOTHING_KNOWN);
  return flow.faults;
}

/**
 * Of a condition without a fault: which others hold wherever it does, as far as the bounds of numbers and what is there
 * tell. Never says so of one that might not.
 */
export function implications(ast: ASTNode, names: Names): (other: ASTNode) => boolean {
  const flow = new Flow(names, false);
  const { yes } = flow.condition(ast, NOTHING_KNOWN);
  return (other) => yes !== null && flow.condition(other, yes).no === null;
}

class Flow {
  readonly faults: ExpressionFault[] = [];
  readonly #names: Names;
  readonly #constants: boolean;

  constructor(names: Names, constants: boolean) {
    this.#names = names;
    this.#constants = constants;
  }

  condition(node: ASTNode, known: Known): Split {
    switch (node.op) {
      case "value":
        return { yes: node.args === true ? known : null, no: node.args === false ? known : null };
      case "!_": {
        const { yes, no } = this.condition(node.args, known);
        return { yes: no, no: yes };
      }
      case "&&": {
        const left = this.condition(node.args[0], known);
        const right = this.condition(node.args[1], left.yes);
        return { yes: right.yes, no: either(left.no, right.no) };
      }
      case "||": {
        const left = this.condition(node.args[0], known);
        const right = this.condition(node.args[1], left.no);
        return { yes: either(left.yes, right.yes), no: right.no };
      }
      case "?:": {
        const asked = this.condition(node.args[0], known);
        const [whenYes, whenNo] = [this.condition(node.args[1], asked.yes), this.condition(node.args[2], asked.no)];
        return { yes: either(whenYes.yes, whenNo.yes), no: either(whenYes.no, whenNo.no) };
      }
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "==":
      case "!=":
        return this.#comparison(node as ASTNode & { op: Comparison }, known);
      default:
        for (const child of children(node)) this.#value(child, known);
        return { yes: known, no: known };
    }
  }

  #comparison(node: ASTNode & { op: Comparison }, known: Known): Split {
    const asked = askedFor(node);
    if (asked !== null) {
      const there = known && { ...known, present: new Set([...known.present, asked]) };
      const missing = known?.present.has(asked) ? null : known;
      return node.op === "!=" ? { yes: there, no: missing } : { yes: missing, no: there };
    }
    const [left, right] = node.args as [ASTNode, ASTNode];
    const [a, b] = [this.#value(left, known), this.#value(right, known)];
    if (known === null || a === null || b === null) return { yes: known, no: known };
    const after = (op: Comparison): Known => {
      const [leftAfter, rightAfter] = [holding(op, a, b), holding(COMPARED_THE_OTHER_WAY[op], b, a)];
      if (leftAfter === null || rightAfter === null) return null;
      const ranges = new Map(known.ranges);
      if (left.op !== "value") ranges.set(canonical(left), leftAfter);
      if (right.op !== "value") ranges.set(canonical(right), rightAfter);
      return { ...known, ranges };
    };
    const split = { yes: after(node.op), no: after(NEGATED[node.op]) };
    if (this.#constants && (split.yes === null || split.no === null)) {
      const told = [...rangeText(left, a), ...rangeText(right, b)];
      const because = told.length > 0 ? `: ${told.join(", ")} here` : "";
      const message = `this is ${split.yes === null ? "never" : "always"} true${because}`;
      this.faults.push({ at: node.start, message });
    }
    return split;
  }

  /** The range of a number; null for all else, and where nothing comes. */
  #value(node: ASTNode, known: Known): Range | null {
    const found = this.#unrefined(node, known);
    if (found === null || known === null || node.op === "value") return found;
    const refined = known.ranges.get(canonical(node));
    return refined === undefined ? found : (intersect(found, refined) ?? found);
  }

  #unrefined(node: ASTNode, known: Known): Range | null {
    switch (node.op) {
      case "value":
        return typeof node.args === "number" ? point(node.args) : null;
      case "id": {
        const name = this.#names.get(node.args);
        if (name === undefined || name.kind === "list") return null;
        if (name.optional && known !== null && !known.present.has(node.args))
          this.faults.push({
            at: node.start,
            message: `${node.args} may be missing; ask first: ${node.args} != null && ...`,
          });
        return name.kind === "number" ? name.range : null;
      }
      case "-_": {
        const inner = this.#value(node.args, known);
        return inner && negated(inner);
      }
      case "+":
      case "-":
      case "*":
      case "/": {
        const [left, right] = [this.#value(node.args[0], known), this.#value(node.args[1], known)];
        if (left === null || right === null) return null;
        if (node.op === "/") this.#checkDivisor(node.args[1], right, known);
        return computed(node.op, left, right);
      }
      case "?:": {
        const { yes, no } = this.condition(node.args[0], known);
        const [left, right] = [this.#value(node.args[1], yes), this.#value(node.args[2], no)];
        if (yes === null || no === null) return yes === null ? right : left;
        return left && right && hull(left, right);
      }
      case "!_":
      case "&&":
      case "||":
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "in":
        this.condition(node, known);
        return null;
      default:
        return null;
    }
  }

  #checkDivisor(node: ASTNode, divisor: Range, known: Known): void {
    if (known === null || !mayBeZero(divisor)) return;
    const name = canonical(node);
    const message = isPoint(divisor)
      ? "this divides by 0"
      : `${name} can be 0; ask first: ${name} != 0 && ..., or ${name} != 0 ? ... : 0`;
    this.faults.push({ at: node.start, message });
  }
}

/** Nothing of what is written out as a number. */
function rangeText(node: ASTNode, range: Range): string[] {
  return node.op === "value" ? [] : [`${canonical(node)} is ${describeRange(range)}`];
}

/** What is known when one of the two holds, and nobody says which. */
function either(a: Known, b: Known): Known {
  if (a === null || b === null) return a ?? b;
  const ranges = new Map<string, Range>();
  for (const [text, range] of a.ranges) {
    const other = b.ranges.get(text);
    if (other !== undefined) ranges.set(text, hull(range, other));
  }
  return { present: a.present.intersection(b.present), ranges };
}
