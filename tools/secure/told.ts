/** What was said in a run, scanned for what nobody may be told. Pure. */
import { leakScan } from "@weir/testing";

export type Told = { readonly what: string; readonly text: string };

export type Scan = {
  readonly bytes: number;
  /** What tells which secret, by their names. */
  readonly hits: readonly string[];
  /** Where a secret, added at the end, would not be found: only without one do no hits mean something. */
  readonly missed: readonly string[];
};

/** `secrets`: by what they are called. */
export function scanTold(told: readonly Told[], secrets: ReadonlyMap<string, string>): Scan {
  const scan = leakScan([...secrets.values()]);
  const all = [...secrets.values()].join("\n");
  const names = (text: string): string[] => {
    const found = new Set(scan(text));
    return [...secrets].flatMap(([name, secret]) => (found.has(secret) ? [name] : []));
  };
  return {
    bytes: told.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    hits: told.flatMap(({ what, text }) => names(text).map((name) => `${what}: ${name}`)),
    missed: told.flatMap(({ what, text }) => (names(`${text}\n${all}`).length < secrets.size ? [what] : [])),
  };
}
