/** The names that the expressions of one ruleset can use, and the CEL environment that declares them. */
import { Environment } from "@marcbachmann/cel-js";
import { ID_MEMBERS } from "@weir/schema";
import { type Facts, FIELDS, type Field, hourOf, type MessageField, weekdayOf } from "./facts.ts";
import type { Feature } from "./feature.ts";
import { AMOUNTS, canBeMissing, rangeOf } from "./features.ts";
import type { Range } from "./range.ts";
import type { Tokens } from "./tokens.ts";

export type Name =
  | {
      readonly kind: "number";
      readonly optional: boolean;
      /** NaN = missing. */
      readonly read: (facts: Facts) => number;
      /** Its place in the feature vector; null: not a feature. */
      readonly feature: number | null;
      /** Of the values that are not missing. */
      readonly range: Range;
    }
  | {
      readonly kind: "text";
      readonly optional: boolean;
      readonly read: (facts: Facts) => string | null;
      /** Whether it is one of what tokens may stand for. */
      readonly isId: boolean;
    }
  | { readonly kind: "list"; readonly values: ReadonlySet<string> };

const MOST_TOLD = 40;
/** Looking for what was meant costs more than all else in a text of many unknown names. */
const MOST_ADVISED = 20;

export class Names {
  /** What ids are in the facts; undefined: as they came. */
  readonly tokens: Tokens | undefined;
  readonly #names = new Map<string, Name>();
  #advised = 0;
  readonly #environment = new Environment({ limits: { maxDepth: 50, maxAstNodes: 1_000, maxListElements: 200 } });

  constructor(tokens?: Tokens) {
    this.tokens = tokens;
    // CEL's types have no null; what may be missing is compared with it to ask whether it is there.
    this.#environment.registerOperator("string == null", () => false);
    this.#environment.registerOperator("double == null", () => false);
    for (const [name, { type, optional }] of Object.entries(FIELDS)) {
      const field = name as Field;
      if (type === "number")
        this.#declare(name, { kind: "number", optional, feature: null, ...numberOf(field as NumberField) });
      else {
        const isId = (ID_MEMBERS as readonly string[]).includes(name);
        this.#declare(name, { kind: "text", optional, isId, read: textOf(field as TextField) });
      }
    }
  }

  get environment(): Environment {
    return this.#environment;
  }

  get(name: string): Name | undefined {
    return this.#names.get(name);
  }

  /** `index`: its place in the feature vector. What is wrong with the name, null if nothing. */
  declareFeature(feature: Feature, index: number): string | null {
    return this.#tryDeclare(feature.name, {
      kind: "number",
      optional: canBeMissing(feature),
      // The index is within the features of this ruleset, so the value is there.
      read: (facts) => facts.features[index] as number,
      feature: index,
      range: rangeOf(feature),
    });
  }

  /** What is wrong with the name, null if nothing. */
  declareList(name: string, values: readonly string[]): string | null {
    return this.#tryDeclare(name, { kind: "list", values: new Set(values) });
  }

  /** The known name that `name` was probably meant to be, else those that there are. */
  advise(name: string): string {
    let best: string | null = null;
    this.#advised += 1;
    if (name.length > 100 || this.#advised > MOST_ADVISED) return "see the names of this ruleset";
    let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
    for (const known of this.#names.keys()) {
      const distance = editDistance(name, known, bestDistance);
      if (distance < bestDistance) [best, bestDistance] = [known, distance];
    }
    if (best !== null) return `did you mean ${best}?`;
    const known = [...this.#names.keys()];
    const more = known.length > MOST_TOLD ? ` and ${known.length - MOST_TOLD} more` : "";
    return `known names: ${known.slice(0, MOST_TOLD).join(", ")}${more}`;
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

type TextField = Exclude<MessageField, "amount">;
type NumberField = Exclude<Field, TextField>;

function numberOf(field: NumberField): { readonly read: (facts: Facts) => number; readonly range: Range } {
  switch (field) {
    case "amount":
      return { read: (facts) => facts.amount, range: AMOUNTS };
    case "hour":
      return { read: hourOf, range: { min: 0, max: 23, nonZero: false, whole: true } };
    case "weekday":
      return { read: weekdayOf, range: { min: 1, max: 7, nonZero: true, whole: true } };
  }
}

/** One literal property access each, which the engine can inline; `facts[field]` would be a keyed load. */
function textOf(field: TextField): (facts: Facts) => string | null {
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

/** Levenshtein distance; `bound` or more once it reaches that. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    if (Math.min(...next) >= bound) return bound;
    row = next;
  }
  return row[b.length] ?? bound;
}
