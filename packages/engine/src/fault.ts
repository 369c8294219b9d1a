/** One thing that is wrong with a ruleset document, where it stands, and what would be right. */
export type RulesetFault = {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
};

/** One line a fault, `file:line:column: message`, in the order of the document. */
export function formatFaults(faults: readonly RulesetFault[]): string {
  return faults.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`).join("\n");
}

const MOST_TOLD = 100;

/** Each fault once, in the order of the document; of very many the first, and how many more there are. */
export function inDocumentOrder(faults: readonly RulesetFault[]): RulesetFault[] {
  const once = new Map(faults.map((fault) => [`${fault.line}:${fault.column}:${fault.message}`, fault]));
  const all = [...once.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  const next = all[MOST_TOLD];
  if (next === undefined) return all;
  return [...all.slice(0, MOST_TOLD), { ...next, message: `and ${all.length - MOST_TOLD} more faults from here on` }];
}
