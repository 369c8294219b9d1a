/**
 * The rule language: CEL's syntax and types, cut to what a rule needs, compiled to nested closures.
 *
 * What exists: number, text and true/false; + - * / on numbers, < <= > >= on numbers, == != on equals,
 * && || ! ?:, `in` with a literal or named list. All numbers are doubles: CEL's 64-bit integers are not
 * here, `900` means 900.0. What may be missing has to be asked for first, `country != null && country == "DE"`,
 * and a divisor that can be 0 too, `count > 0 && amount / count > 5`: anything else is a fault, so no rule is ever
 * wrong in silence. So is a comparison that always comes out the same.
 * Calls, macros, member access and patterns do not exist, hence no way to the host and no unbounded time.
 */
import type { ASTNode } from "@marcbachmann/cel-js";
import { canonical, children, countNodes } from "./ast.ts";
import { type Closure, compileClosure } from "./closures.ts";
import type { Facts } from "./facts.ts";
import { flowFaults } from "./flow.ts";
import type { Names } from "./names.ts";
import { compilePossible } from "./possible.ts";

/** `at` counts characters from the expression's start. */
export type ExpressionFault = { readonly at: number; readonly message: string };

export type Expression = {
  readonly test: (facts: Facts) => boolean;
  /** Whether it can still be true while only the first `known` features are: see compilePossible. */
  readonly possible: (known: number) => (facts: Facts) => boolean;
  readonly ast: ASTNode;
  /** Fields and features that it reads, in order of appearance. */
  readonly reads: readonly string[];
  /** Lists that it looks into. */
  readonly lists: readonly string[];
  /** Operations, names and literals. */
  readonly nodes: number;
  /** The same for expressions that are the same but for layout and brackets. */
  readonly canonical: string;
};

/** A number made of fields and features. */
export type NumberExpression = {
  /** NaN = missing: what it reads is, or it divides by 0. A condition is 1 where it holds, else 0. */
  readonly read: (facts: Facts) => number;
} & Pick<Expression, "reads" | "lists" | "nodes">;

type Compiled<T> =
  | { readonly ok: true; readonly expression: T }
  | { readonly ok: false; readonly faults: readonly ExpressionFault[] };

/**
 * Every fault that its stage can find: syntax first, then words and names, then types, then what is known where.
 * `constants`: whether a comparison that always comes out the same is a fault.
 */
export function compileExpression(
  text: string,
  names: Names,
  { constants }: { readonly constants: boolean },
): Compiled<Expression> {
  const checked = check(text, names);
  if (!checked.ok) return checked;
  const { ast, closure, ...expression } = checked.expression;
  if (closure.kind !== "bool")
    return { ok: false, faults: [{ at: ast.start, message: `a rule says true or false, this is a ${closure.kind}` }] };
  const faults = flowFaults(ast, names, constants);
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    expression: {
      ...expression,
      test: closure.run,
      possible: (known) => compilePossible(ast, names, known),
      ast,
      canonical: canonical(ast),
    },
  };
}

/** What may be missing need not be asked for first, but in a condition, which would take it for a no. */
export function compileNumber(text: string, names: Names): Compiled<NumberExpression> {
  const checked = check(text, names);
  if (!checked.ok) return checked;
  const { ast, closure, ...expression } = checked.expression;
  if (closure.kind === "text")
    return { ok: false, faults: [{ at: ast.start, message: "a number is needed here, this is a text" }] };
  if (closure.kind === "number") {
    const { run } = closure;
    return { ok: true, expression: { ...expression, read: (facts) => finite(run(facts)) } };
  }
  const faults = flowFaults(ast, names, true);
  if (faults.length > 0) return { ok: false, faults };
  const { run } = closure;
  return { ok: true, expression: { ...expression, read: (facts) => (run(facts) ? 1 : 0) } };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

type Checked = Pick<Expression, "reads" | "lists" | "nodes"> & { readonly ast: ASTNode; readonly closure: Closure };

function check(text: string, names: Names): Compiled<Checked> {
  const parsed = parse(text, names);
  if ("at" in parsed) return { ok: false, faults: [parsed] };
  const { ast } = parsed;
  const used = new Set<string>();
  const words: ExpressionFault[] = [];
  checkWords(ast, names, used, words);
  if (words.length > 0) return { ok: false, faults: words };
  const checked = parsed.check();
  if (!checked.valid) return { ok: false, faults: [typeFault(checked.error)] };
  const closure = compileClosure(ast, names);
  if (closure.faults.length > 0) return { ok: false, faults: closure.faults };
  const reads = [...used].filter((name) => names.get(name)?.kind !== "list");
  const lists = [...used].filter((name) => names.get(name)?.kind === "list");
  return { ok: true, expression: { ast, closure, reads, lists, nodes: countNodes(ast) } };
}

function parse(text: string, names: Names) {
  try {
    return names.environment.parse(text);
  } catch (error) {
    return typeFault(error);
  }
}

/** cel-js errors carry a summary and a range; its types are named as this language names them. */
function typeFault(error: unknown): ExpressionFault {
  const { summary, message, range } = error as { summary?: string; message?: string; range?: { start: number } };
  const said = summary ?? message ?? String(error);
  return { at: range?.start ?? 0, message: said.replace(/\bdouble\b/g, "number").replace(/\bstring\b/g, "text") };
}

const REFUSED: { readonly [op: string]: string } = {
  call: "functions are not part of the rule language; to ask whether a field is there write country != null",
  rcall: "methods are not part of the rule language",
  ".": "members are not part of the rule language: names stand alone",
  ".?": "members are not part of the rule language: names stand alone",
  "[]": "indexing is not part of the rule language",
  "[?]": "indexing is not part of the rule language",
  map: "maps are not part of the rule language",
  "%": "% is not part of the rule language: numbers are not whole",
};

/** Rewrites integer literals to doubles in place, collects the names, and refuses what does not exist here. */
function checkWords(node: ASTNode, names: Names, used: Set<string>, faults: ExpressionFault[]): void {
  const refused = REFUSED[node.op];
  if (refused !== undefined) {
    faults.push({ at: node.start, message: refused });
    return;
  }
  switch (node.op) {
    case "value":
      checkLiteral(node, faults);
      return;
    case "id": {
      const name = names.get(node.args);
      if (name === undefined)
        faults.push({ at: node.start, message: `${node.args} is not known; ${names.advise(node.args)}` });
      else used.add(node.args);
      return;
    }
    default:
      for (const child of children(node)) checkWords(child, names, used, faults);
  }
}

function checkLiteral(node: ASTNode & { op: "value" }, faults: ExpressionFault[]): void {
  const { args } = node;
  if (typeof args === "bigint") {
    if (args > BigInt(Number.MAX_SAFE_INTEGER))
      faults.push({ at: node.start, message: `${args} is too large: at most 2^53 - 1` });
    (node as { args: unknown }).args = Number(args);
  } else if (args !== null && typeof args === "object")
    faults.push({ at: node.start, message: "write numbers plainly, such as 900 or 0.5, and text in quotes" });
}
