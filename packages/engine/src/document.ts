/** A document's text as YAML: its data, every fault of shape, and where each part of it stands. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { type Static, type TSchema, Type } from "typebox";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { expandedExcess, lexicalExcess } from "./document-size.ts";
import { inDocumentOrder, type RulesetFault } from "./fault.ts";
import type { RulesetDocument } from "./ruleset-schema.ts";
import { pathOf, shapeFaults } from "./shape.ts";

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

const MOST_QUOTED = 120;
/** Of more than these nothing else is looked for. */
const MOST_FAULTS = 1_000;

const YAML_OPTIONS = {
  version: "1.2",
  merge: false,
  prettyErrors: false,
  stringKeys: true,
  // Its own way of finding them costs the square of their number; positions() finds them too.
  uniqueKeys: false,
} as const;

/**
 * A string of the schema with a `pattern` says with `patternErrorMessage` what a wrong one must be; editors that read
 * the schema show the same sentence.
 */
export function documentKind<S extends TSchema>(called: string, maxBytes: number, schema: S): DocumentKind<Static<S>> {
  const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, verbose: true, allowUnionTypes: true });
  ajv.addKeyword({ keyword: "patternErrorMessage", schemaType: "string" });
  return { called, maxBytes, validate: ajv.compile<Static<S>>(schema) };
}

export type SourceDocument<T = RulesetDocument> = {
  /** Whole only if the document has no fault; else ask sound() before reading a part of it. */
  readonly data: T;
  /** The part at `path`; undefined if there is none. */
  at(path: Path): unknown;
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
  const tooMuch = lexicalExcess(text);
  if (tooMuch !== null) {
    lines.addNewLine(0);
    for (let from = text.indexOf("\n"); from >= 0; from = text.indexOf("\n", from + 1)) lines.addNewLine(from + 1);
    return failed(at(tooMuch.at, tooMuch.message));
  }
  const yaml = withoutStacks(() => parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines }));
  const broken = [...yaml.errors, ...yaml.warnings];
  if (broken.length > 0)
    return failed(...broken.slice(0, MOST_FAULTS).map((error) => at(error.pos[0], brief(error.message))));
  const excess = expandedExcess(yaml);
  if (excess !== null) return failed(at(excess.at, excess.message));
  const position = positions(yaml, text);
  if (position.repeated.length > 0)
    return failed(...position.repeated.map((offset) => at(offset, "this key stands here twice")));
  try {
    const data: unknown = yaml.toJS({ maxAliasCount: -1 });
    const errors = validate(data) ? [] : (validate.errors ?? []);
    const shape = (some: readonly ErrorObject[]): RulesetFault[] =>
      shapeFaults(some).map(({ path, atKey, message }) =>
        at(atKey ? position.key(path) : position.value(path), message),
      );
    if (errors.length > MOST_FAULTS) return failed(...shape(errors.slice(0, MOST_FAULTS)));
    // A member too many does not make the others unreadable.
    const unsound = new Set(
      errors.flatMap(({ keyword, instancePath }) => (keyword === "additionalProperties" ? [] : prefixes(instancePath))),
    );
    const document: SourceDocument<T> = {
      data: data as T,
      at: (path) => partAt(data, path),
      sound: (path) => partAt(data, path) !== undefined && !unsound.has(pointerOf(path)),
      faultAt: (path, message, within) => {
        const exact = within === undefined ? null : position.inText(path, within);
        if (exact !== null) return at(exact, message);
        const where = within === undefined ? "" : ` (character ${within + 1} of the text)`;
        return at(position.value(path), message + where);
      },
      faultAtKey: (path, message) => at(position.key(path), message),
    };
    return { document, faults: shape(errors) };
  } catch (error) {
    return failed(at(0, error instanceof Error ? error.message : String(error)));
  }
}

/** The parser makes an exception of each fault, of which a hostile text has thousands: most of their cost is the stack. */
function withoutStacks<T>(parse: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The parser quotes what it did not expect, which may be all the rest of the text. */
function brief(message: string): string {
  return message.length <= MOST_QUOTED ? message : `${message.slice(0, MOST_QUOTED)} ...`;
}

function failed(...faults: RulesetFault[]): Read<never> {
  return { document: null, faults: inDocumentOrder(faults) };
}

function partAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** JSON pointer. */
function pointerOf(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** `/a/b` and all that it lies in. */
function prefixes(pointer: string): string[] {
  const path = pathOf(pointer);
  return Array.from({ length: path.length + 1 }, (_, length) => pointerOf(path.slice(0, length)));
}

/** Offsets in the text of the nodes of a YAML document. */
function positions(yaml: Document, text: string) {
  const values = new Map<string, Node>();
  const keys = new Map<string, number>();
  const repeated: number[] = [];
  const visit = (node: unknown, pointer: string): void => {
    if (isAlias(node) || isScalar(node) || isMap(node) || isSeq(node)) values.set(pointer, node);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, `${pointer}/${index}`);
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const inner = pointer + pointerOf([isScalar(key) ? String(key.value) : ""]);
      if (!isScalar(key) || !key.range) continue;
      if (keys.has(inner)) repeated.push(key.range[0]);
      keys.set(inner, key.range[0]);
      visit(value, inner);
    }
  };
  visit(yaml.contents, "");
  /** Of what lies behind an alias: the alias. */
  const nodeAt = (path: Path): Node | undefined => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = values.get(pointerOf(path.slice(0, length)));
      if (node?.range) return node;
    }
    return undefined;
  };
  const value = (path: Path): number => nodeAt(path)?.range?.[0] ?? 0;
  return {
    /** Keys that stand in their map already. */
    repeated,
    value,
    key: (path: Path): number => keys.get(pointerOf(path)) ?? value(path),
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
