/**
 * What a document may come to. Its bytes are bounded already; these bound what they can be made to stand for, so that
 * to find its faults takes no longer than to read a large one, whatever the text.
 */
import { CST, type Document, isAlias, isCollection, isMap, isScalar, isSeq, Lexer, type Node } from "yaml";

export const DOCUMENT_LIMITS = {
  /** Words and signs of the text, as YAML tells them apart: three to six for a short member or entry. */
  lexemes: 30_000,
  /** Lists and maps within each other. */
  depth: 50,
  keyLength: 256,
  aliases: 100,
  /** Values, lists and maps, those that an alias stands for once more at each. */
  parts: 20_000,
} as const;

/** `at`: offset in the text. */
export type Excess = { readonly at: number; readonly message: string };

/** Of a text that is not parsed yet. */
export function lexicalExcess(text: string): Excess | null {
  let [at, lexemes, open, inLine] = [0, 0, 0, 0];
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > DOCUMENT_LIMITS.lexemes)
      return { at, message: `there are at most ${DOCUMENT_LIMITS.lexemes} words and signs, this is one more` };
    switch (CST.tokenType(lexeme)) {
      case "flow-map-start":
      case "flow-seq-start":
        open += 1;
        break;
      case "flow-map-end":
      case "flow-seq-end":
        if (open === 0) return { at, message: `${lexeme} closes nothing that is open here` };
        open -= 1;
        break;
      case "seq-item-ind":
      case "explicit-key-ind":
      case "map-value-ind":
        // Within brackets they open nothing; elsewhere lines can only go deeper by as many spaces.
        if (open === 0) inLine += 1;
        break;
      case "newline":
        inLine = 0;
        break;
      default:
    }
    if (Math.max(open, inLine) > DOCUMENT_LIMITS.depth)
      return { at, message: `lists and maps lie at most ${DOCUMENT_LIMITS.depth} deep in each other` };
    // The lexer's own marks stand for nothing in the text.
    if (lexeme !== CST.DOCUMENT && lexeme !== CST.FLOW_END && lexeme !== CST.SCALAR) at += lexeme.length;
  }
  return null;
}

/** Of a document whose aliases are not followed yet. */
export function expandedExcess({ contents }: Document): Excess | null {
  const parts = new Map<string, number>();
  let aliases = 0;
  let excess: Excess | null = null;
  const tell = (node: Node, message: string): void => {
    excess ??= { at: node.range?.[0] ?? 0, message };
  };
  /** How many parts the node stands for. */
  const count = (node: unknown): number => {
    if (isAlias(node)) {
      aliases += 1;
      if (aliases > DOCUMENT_LIMITS.aliases) tell(node, `there are at most ${DOCUMENT_LIMITS.aliases} aliases`);
      const size = parts.get(node.source);
      if (size === undefined) tell(node, `*${node.source} stands for nothing that ends before it`);
      return size ?? 1;
    }
    let size = 1;
    if (isSeq(node)) for (const item of node.items) size += count(item);
    if (isMap(node))
      for (const { key, value } of node.items) {
        if (isScalar(key) && String(key.value).length > DOCUMENT_LIMITS.keyLength)
          tell(key, `a key has at most ${DOCUMENT_LIMITS.keyLength} characters`);
        size += count(value);
      }
    if (isCollection(node) && size > DOCUMENT_LIMITS.parts)
      tell(node, `a document has at most ${DOCUMENT_LIMITS.parts} parts, aliases followed; this comes to ${size}`);
    if ((isCollection(node) || isScalar(node)) && node.anchor !== undefined) parts.set(node.anchor, size);
    return size;
  };
  count(contents);
  return excess;
}
