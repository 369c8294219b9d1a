/** Compiles a checked expression to nested closures; whatever is not written out here does not exist. */
import type { ASTNode } from "@marcbachmann/cel-js";
import { askedFor, isNull } from "./ast.ts";
import type { ExpressionFault } from "./expression.ts";
import type { Facts } from "./facts.ts";
import type { Names } from "./names.ts";

type Run<T> = (facts: Facts) => T;
/** `isId`: where ids are tokens, it is one. */
type Text = {
  readonly kind: "text";
  readonly run: Run<string | null>;
  readonly literal?: string;
  readonly isId?: boolean;
};
type Value =
  | { readonly kind: "number"; readonly run: Run<number>; readonly literal?: number }
  | Text
  | { readonly kind: "bool"; readonly run: Run<boolean> };

export type Closure = Value & { readonly faults: readonly ExpressionFault[] };

class Refusal extends Error {
  readonly at: number;
  constructor(node: ASTNode, message: string) {
    super(message);
    this.at = node.start;
  }
}

/** The expression as a function; with faults it only says what is wrong with it. */
export function compileClosure(ast: ASTNode, names: Names): Closure {
  try {
    return { ...compile(ast, names), faults: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: "bool", run: () => false, faults: [{ at: error.at, message: error.message }] };
  }
}

function compile(node: ASTNode, names: Names): Value {
  switch (node.op) {
    case "value":
      return literal(node, node.args);
    case "id": {
      const name = names.get(node.args);
      if (name?.kind === "number") return { kind: "number", run: name.read };
      if (name?.kind === "text") return { kind: "text", run: name.read, isId: name.isId };
      throw new Refusal(node, `${node.args} is a list; it can only stand after in`);
    }
    case "!_": {
      const run = bool(node.args, names);
      return { kind: "bool", run: (facts) => !run(facts) };
    }
    case "-_": {
      const { run, literal: value } = number(node.args, names);
      return value === undefined ? { kind: "number", run: (facts) => -run(facts) } : constant(-value);
    }
    case "&&": {
      const [left, right] = [bool(node.args[0], names), bool(node.args[1], names)];
      return { kind: "bool", run: (facts) => left(facts) && right(facts) };
    }
    case "||": {
      const [left, right] = [bool(node.args[0], names), bool(node.args[1], names)];
      return { kind: "bool", run: (facts) => left(facts) || right(facts) };
    }
    case "?:":
      return choice(node, names);
    case "==":
    case "!=":
      return equality(node, names);
    case "in":
      return membership(node, names);
    case "+":
    case "-":
    case "*":
    case "/":
      return { kind: "number", run: arithmetic(node, names) };
    case "<":
    case "<=":
    case ">":
    case ">=":
      return { kind: "bool", run: comparison(node, names) };
    default:
      throw new Refusal(
        node,
        `${node.op === "list" ? "a list can only stand after in" : `${node.op} is not part of the rule language`}`,
      );
  }
}

function literal(node: ASTNode, value: unknown): Value {
  if (typeof value === "number") return constant(value);
  if (typeof value === "string") return { kind: "text", run: () => value, literal: value };
  if (typeof value === "boolean") return { kind: "bool", run: () => value };
  throw new Refusal(node, "null can only be compared with what may be missing");
}

function constant(value: number): Value & { kind: "number" } {
  return { kind: "number", run: () => value, literal: value };
}

function bool(node: ASTNode, names: Names): Run<boolean> {
  const value = compile(node, names);
  if (value.kind !== "bool") throw new Refusal(node, `true or false is needed here, this is a ${value.kind}`);
  return value.run;
}

function number(node: ASTNode, names: Names): Value & { kind: "number" } {
  const value = compile(node, names);
  if (value.kind !== "number") throw new Refusal(node, `a number is needed here, this is a ${value.kind}`);
  return value;
}

function arithmetic(node: ASTNode & { op: "+" | "-" | "*" | "/" }, names: Names): Run<number> {
  const left = number(node.args[0], names).run;
  const { run: right, literal: divisor } = number(node.args[1], names);
  switch (node.op) {
    case "+":
      return (facts) => left(facts) + right(facts);
    case "-":
      return (facts) => left(facts) - right(facts);
    case "*":
      return (facts) => left(facts) * right(facts);
    case "/":
      return divisor === undefined ? (facts) => left(facts) / right(facts) : (facts) => left(facts) / divisor;
  }
}

function comparison(node: ASTNode & { op: "<" | "<=" | ">" | ">=" }, names: Names): Run<boolean> {
  const left = number(node.args[0], names).run;
  const { run: right, literal: bound } = number(node.args[1], names);
  switch (node.op) {
    case "<":
      return bound === undefined ? (facts) => left(facts) < right(facts) : (facts) => left(facts) < bound;
    case "<=":
      return bound === undefined ? (facts) => left(facts) <= right(facts) : (facts) => left(facts) <= bound;
    case ">":
      return bound === undefined ? (facts) => left(facts) > right(facts) : (facts) => left(facts) > bound;
    case ">=":
      return bound === undefined ? (facts) => left(facts) >= right(facts) : (facts) => left(facts) >= bound;
  }
}

function equality(node: ASTNode & { op: "==" | "!=" }, names: Names): Value {
  const wanted = node.op === "==";
  const field = askedFor(node);
  if (field !== null) {
    const name = names.get(field);
    if (name === undefined || name.kind === "list" || !name.optional)
      throw new Refusal(node, `${field} is never missing, so this is always ${!wanted}`);
    if (name.kind === "number") {
      const { read } = name;
      return {
        kind: "bool",
        run: wanted ? (facts) => Number.isNaN(read(facts)) : (facts) => !Number.isNaN(read(facts)),
      };
    }
    const { read } = name;
    return { kind: "bool", run: wanted ? (facts) => read(facts) === null : (facts) => read(facts) !== null };
  }
  if (node.args.some(isNull)) throw new Refusal(node, "null can only be compared with what may be missing");
  const [left, right] = alike(node.args[0], node.args[1], names);
  if (left.kind !== right.kind) throw new Refusal(node, `a ${left.kind} never equals a ${right.kind}`);
  const [a, b]: readonly [Run<unknown>, Run<unknown>] = [left.run, right.run];
  return { kind: "bool", run: wanted ? (facts) => a(facts) === b(facts) : (facts) => a(facts) !== b(facts) };
}

function membership(node: ASTNode & { op: "in" }, names: Names): Value {
  const [item, list] = node.args;
  const value = compile(item, names);
  const values = listOf(list, value, names);
  const { run }: { run: Run<unknown> } = value;
  return { kind: "bool", run: (facts) => values.has(run(facts)) };
}

function listOf(node: ASTNode, item: Value, names: Names): ReadonlySet<unknown> {
  const { kind } = item;
  const { tokens } = names;
  const ofIds = item.kind === "text" && item.isId === true;
  if (node.op === "id") {
    const name = names.get(node.args);
    if (name?.kind === "list" && kind === "text")
      return ofIds && tokens !== undefined ? new Set([...name.values].map((id) => tokens.of(id))) : name.values;
    throw new Refusal(
      node,
      name?.kind === "list" ? `${node.args} holds texts, this looks for a ${kind}` : `${node.args} is not a list`,
    );
  }
  if (node.op !== "list") throw new Refusal(node, 'after in stands a list, such as ["DE", "FR"], or the name of one');
  const values = new Set<unknown>();
  for (const element of node.args) {
    const written = compile(element, names);
    const value = ofIds && written.kind === "text" ? asId(written, element, names) : written;
    if (value.kind !== kind || !("literal" in value))
      throw new Refusal(element, `this list may hold only a ${kind}, written out`);
    values.add(value.literal);
  }
  return values;
}

function choice(node: ASTNode & { op: "?:" }, names: Names): Value {
  const condition = bool(node.args[0], names);
  const [yes, no] = alike(node.args[1], node.args[2], names);
  if (yes.kind === "number" && no.kind === "number")
    return { kind: "number", run: (facts) => (condition(facts) ? yes.run(facts) : no.run(facts)) };
  if (yes.kind === "text" && no.kind === "text")
    return {
      kind: "text",
      isId: yes.isId === true,
      run: (facts) => (condition(facts) ? yes.run(facts) : no.run(facts)),
    };
  if (yes.kind === "bool" && no.kind === "bool")
    return { kind: "bool", run: (facts) => (condition(facts) ? yes.run(facts) : no.run(facts)) };
  throw new Refusal(node, `both branches must be of one kind, these are ${yes.kind} and ${no.kind}`);
}

/** Two that are compared, or of which one is taken: if one of them is an id, so is the other. */
function alike(a: ASTNode, b: ASTNode, names: Names): readonly [Value, Value] {
  const [left, right] = [compile(a, names), compile(b, names)];
  if (left.kind !== "text" || right.kind !== "text" || (left.isId ?? false) === (right.isId ?? false))
    return [left, right];
  return [asId(left, a, names), asId(right, b, names)];
}

function asId(text: Text, node: ASTNode, { tokens }: Names): Text {
  if (tokens === undefined || text.isId === true) return text;
  const { run, literal } = text;
  if (literal === undefined)
    return {
      kind: "text",
      isId: true,
      run(facts) {
        const id = run(facts);
        return id === null ? null : tokens.of(id);
      },
    };
  if (tokens.of(literal) === literal) return { ...text, isId: true };
  throw new Refusal(
    node,
    "ids are tokens here, and every decision of this rule would tell this one: write its token, or put it into a list",
  );
}
