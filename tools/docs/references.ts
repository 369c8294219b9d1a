/** What the documents name that can be looked up: files, what is said to stand in them, and scripts of npm. */
import { dirname, join } from "node:path";

export type Reference = {
  /** Relative to the repository. */
  readonly path: string;
  /** Words that are said to stand in it, such as a test's name; null: none. */
  readonly quote: string | null;
};

/** `[name](file)` and `[name](file) "words of it"`; links to other places and within the document are left out. Pure. */
export function referencesIn(document: string, text: string): Reference[] {
  const references: Reference[] = [];
  for (const [, target = "", first, more = ""] of text.matchAll(/\]\(([^)\s]+)\)(?: "([^"]+)"((?:, "[^"]+")*))?/g)) {
    const [file = ""] = target.split("#");
    if (file === "" || /^[a-z]+:/.test(target)) continue;
    const path = join(dirname(document), file);
    const quotes = [first ?? null, ...[...more.matchAll(/"([^"]+)"/g)].map(([, quote]) => quote ?? null)];
    references.push(...quotes.map((quote) => ({ path, quote })));
  }
  return references;
}

/** `npm run NAME`. Pure. */
export function scriptsIn(text: string): string[] {
  return [...text.matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name ?? "");
}
