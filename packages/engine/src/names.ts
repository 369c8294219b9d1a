/** The names that the expressions of one ruleset can use, and the CEL environment that declares them. */
import { Environment } from "@marcbachmann/cel-js";
import { type Facts, FIELDS, type Field } from "./facts.ts";

export type Name =
  | { readonly kind: "number"; readonly optional: false; readonly read: (facts: Facts) => number }
  | { readonly kind: "text"; readonly optional: boolean; readonly read: (facts: Facts) => string | null }
  | { readonly kind: "list"; readonly values: ReadonlySet<string> };

export class Names {
  readonly #names = new Map<string, Name>();
  readonly #environment = new Environment({ limits: { maxDepth: 50, maxAstNodes: 1_000, maxListElements: 200 } });

  constructor() {
    // CEL's string type has no null; optional fields are compared with it to ask whether they are there.
    this.#environment.registerOperator("string == null", () => false);
    for (const [name, { type, optional }] of Object.entries(FIELDS)) {
      const field = name as Field;
      if (type === "number") this.#declare(name, { kind: "number", optional: false, read: (facts) => facts.amount });
      else this.#declare(name, { kind: "text", optional, read: textOf(field as Exclude<Field, "amount">) });
    }
  }

  get environment(): Environment {
    return this.#environment;
  }

  get(name: string): Name | undefined {
    return this.#names.get(name);
  }

  /** What is wrong with the name, null if nothing. */
  declareFeature(name: string, index: number): string | null {
    // The index is within the features of this ruleset, so the value is there.
    return this.#tryDeclare(name, {
      kind: "number",
      optional: false,
      read: (facts) => facts.features[index] as number,
    });
  }

  /** What is wrong with the name, null if nothing. */
  declareList(name: string, values: readonly string[]): string | null {
    return this.#tryDeclare(name, { kind: "list", values: new Set(values) });
  }

  /** The known name that `name` was probably meant to be, and all of them. */
  advise(name: string): string {
    let best: string | null = null;
    let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
    for (const known of this.#names.keys()) {
      const distance = editDistance(name, known, bestDistance);
      if (distance < bestDistance) [best, bestDistance] = [known, distance];
    }
    const all = `known names: ${[...this.#names.keys()].join(", ")}`;
    return best === null ? all : `did you mean ${best}? ${all}`;
  }

  #tryDeclare(name: string, value: Name): string | null {
    if (this.#names.has(name))
      return `${name} is taken: ${Object.hasOwn(FIELDS, name) ? "a transaction" : "this ruleset"} already has it`;
    try {
      this.#declare(name, value);
      if (this.#environment.parse(name).ast.op === "id") return null;
    } catch {
      // The language keeps the word for itself.
    }
    this.#names.delete(name);
    return `${name} is a word of the rule language; choose another name`;
  }

  #declare(name: string, value: Name): void {
    const type = value.kind === "list" ? "list<string>" : value.kind === "number" ? "double" : "string";
    this.#environment.registerVariable(name, type);
    this.#names.set(name, value);
  }
}

/** One literal property access each, which the engine can inline; `facts[field]` would be a keyed load. */
function textOf(field: Exclude<Field, "amount">): (facts: Facts) => string | null {
  switch (field) {
    case "currency":
      return (facts) => facts.currency;
    case "source":
      return (facts) => facts.source;
    case "target":
      return (facts) => facts.target;
    case "id":
      return (facts) => facts.id;
    case "channel":
      return (facts) => facts.channel;
    case "country":
      return (facts) => facts.country;
    case "category":
      return (facts) => facts.category;
    case "device":
      return (facts) => facts.device;
  }
}

/** Levenshtein distance; any number >= bound once it reaches `bound`. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? bound;
}
