/** A document's text as YAML: its data, every fault of shape, and where each part of it stands. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { type Static, type TSchema, Type } from "typebox";
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { RulesetFault } from "./fault.ts";
import type { RulesetDocument } from "./ruleset-schema.ts";

export type Path = readonly (string | number)[];

/** One kind of document: `called` as in "a ruleset". */
export type DocumentKind<T> = {
  readonly called: string;
  readonly maxBytes: number;
  readonly validate: ValidateFunction<T>;
};

/** What a document calls itself. */
export const DocumentName = Type.String({
  pattern: "^[a-z0-9][a-z0-9._-]{0,63}$",
  patternErrorMessage: "must be of a-z, 0-9, dot, _ and -, at most 64",
});

const MAX_ALIASES = 100;

/**
 * A string of the schema with a `pattern` says with `patternErrorMessage` what a wrong one must be; editors that read
 * the schema show the same sentence.
 */
export function documentKind<S extends TSchema>(called: string, maxBytes: number, schema: S): DocumentKind<Static<S>> {
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, allowUnionTypes: true });
  ajv.addKeyword({ keyword: "patternErrorMessage", schemaType: "string" });
  return { called, maxBytes, validate: ajv.compile<Static<S>>(schema) };
}

export type SourceDocument<T = RulesetDocument> = {
  /** Whole only if the document has no fault; else ask sound() before reading a part of it. */
  readonly data: T;
  /** Whether the part at `path` is there and of the right shape, all that is in it included. */
  sound(path: Path): boolean;
  /** A fault at the value of `path`; `within` counts characters into a text value. */
  faultAt(path: Path, message: string, within?: number): RulesetFault;
  /** A fault at the key that `path` ends with. */
  faultAtKey(path: Path, message: string): RulesetFault;
};

/** `document` is null when the text is not YAML at all. */
type Read<T> = { readonly document: SourceDocument<T> | null; readonly faults: readonly RulesetFault[] };

/** Finds the faults of shape; whoever compiles it finds the others in what is sound. Never throws, whatever the text. */
export function readDocument<T>(text: string, file: string, kind: DocumentKind<T>): Read<T> {
  const { called, maxBytes, validate } = kind;
  const size = Buffer.byteLength(text);
  if (size > maxBytes)
    return failed({ file, line: 1, column: 1, message: `${called} has at most ${maxBytes} bytes, this has ${size}` });
  const lines = new LineCounter();
  const at = (offset: number, message: string): RulesetFault => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2", merge: false });
  const broken = [...yaml.errors, ...yaml.warnings];
  if (broken.length > 0) return failed(...broken.map((error) => at(error.pos[0], error.message)));
  const position = positions(yaml, text);
  try {
    const data: unknown = yaml.toJS({ maxAliasCount: MAX_ALIASES });
    const errors = validate(data) ? [] : (validate.errors ?? []);
    const document: SourceDocument<T> = {
      data: data as T,
      sound: (path) => isSound(data, path, errors),
      faultAt: (path, message, within) => {
        const exact = within === undefined ? null : position.inText(path, within);
        if (exact !== null) return at(exact, message);
        const where = within === undefined ? "" : ` (character ${within + 1} of the text)`;
        return at(position.value(path), message + where);
      },
      faultAtKey: (path, message) => at(position.key(path), message),
    };
    return { document, faults: shapeFaults(errors, position, at) };
  } catch (error) {
    return failed(at(0, error instanceof Error ? error.message : String(error)));
  }
}

function failed(...faults: RulesetFault[]): Read<never> {
  return { document: null, faults };
}

function isSound(data: unknown, path: Path, errors: readonly ErrorObject[]): boolean {
  let value = data;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return false;
    value = (value as Record<string | number, unknown>)[part];
  }
  return !errors.some(({ instancePath, keyword }) => {
    // A member too many does not make the others unreadable.
    if (keyword === "additionalProperties") return false;
    const faulty = pointerPath(instancePath);
    return faulty.length >= path.length && path.every((part, index) => faulty[index] === part);
  });
}

type Positions = ReturnType<typeof positions>;

/** Offsets in the text of the nodes of a YAML document. */
function positions(yaml: Document, text: string) {
  const nodeAt = (path: Path): Node | null => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = length === 0 ? yaml.contents : yaml.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node;
    }
    return null;
  };
  const value = (path: Path): number => nodeAt(path)?.range?.[0] ?? 0;
  return {
    value,
    key(path: Path): number {
      const parent = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true);
      const name = path.at(-1);
      if (isMap(parent))
        for (const { key } of parent.items)
          if (isScalar(key) && String(key.value) === String(name) && key.range) return key.range[0];
      return value(path);
    },
    /** Null when the text was written with escapes or folded, so that no one position is right. */
    inText(path: Path, within: number): number | null {
      const node = nodeAt(path);
      if (!isScalar(node) || typeof node.value !== "string" || !node.range) return null;
      const raw = text.slice(node.range[0], node.range[1]);
      if (raw === node.value) return node.range[0] + within;
      if (raw.slice(1, -1) === node.value) return node.range[0] + 1 + within;
      return null;
    },
  };
}

function shapeFaults(
  errors: readonly ErrorObject[],
  position: Positions,
  at: (offset: number, message: string) => RulesetFault,
): RulesetFault[] {
  const faults: RulesetFault[] = [];
  const choices = new Map<string, string[]>();
  for (const error of errors) {
    const path = pointerPath(error.instancePath);
    const where = path.length === 0 ? "the document" : nameOf(path);
    switch (error.keyword) {
      case "additionalProperties": {
        const name = String(error.params.additionalProperty);
        const allowed = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
        const right =
          allowed.length > 0 ? `known here: ${allowed.join(", ")}` : "a name is a-z, 0-9 and _, from a letter";
        faults.push(at(position.key([...path, name]), `${name} is not known here; ${right}`));
        break;
      }
      case "required":
        faults.push(at(position.value(path), `${where} lacks ${String(error.params.missingProperty)}`));
        break;
      case "const": {
        const options = choices.get(error.instancePath) ?? [];
        options.push(JSON.stringify(error.params.allowedValue));
        choices.set(error.instancePath, options);
        break;
      }
      case "anyOf":
        break;
      default:
        faults.push(at(position.value(path), `${where} ${expectation(error)}`));
    }
  }
  for (const [pointer, options] of choices) {
    const path = pointerPath(pointer);
    faults.push(at(position.value(path), `${nameOf(path)} must be ${options.join(" or ")}`));
  }
  return faults;
}

function expectation({ keyword, message, parentSchema }: ErrorObject): string {
  const ownWords = keyword === "pattern" ? parentSchema?.patternErrorMessage : undefined;
  return typeof ownWords === "string" ? ownWords : (message ?? "is wrong");
}

function pointerPath(pointer: string): (string | number)[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** `rules[2].score`: how messages call a place. */
export function nameOf(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`))
    .join("");
}
