/**
 * A service's settings: read once from a table of entries, every fault collected and reported together.
 */
import { type Entry, group, processSource, type SettingsSource, type Values } from "./setting.ts";

export type SettingsTable = Readonly<Record<string, Entry<unknown>>>;

/** The typed values of a table: `Settings<typeof table>`. */
export type Settings<T extends SettingsTable> = Values<T>;

/** The operator must change something before a start can succeed: exit 78 (EX_CONFIG of sysexits.h). */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  /** One sentence each, with what would be right. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[] | string, options?: ErrorOptions) {
    const list = typeof faults === "string" ? [faults] : faults;
    super(list.join("; "), options);
    this.faults = list;
  }
}

/** Reads every entry; throws one ConfigurationError that lists all faults. Secrets are never part of it. */
export function readSettings<const T extends SettingsTable>(
  table: T,
  source: SettingsSource = processSource,
): Settings<T> {
  const faults: string[] = [];
  const parsed = group(table).read(source, faults);
  if (!parsed.ok) throw new ConfigurationError(faults);
  return parsed.value;
}

/**
 * Warnings about variables that are set, unknown, and almost a name of the table
 * (another case, or at most two letters away). Short names are left out: too many real variables resemble them.
 */
export function suspiciousNames(table: SettingsTable, env: SettingsSource["env"]): string[] {
  const known = Object.values(table).flatMap((entry) => entry.rows.map((row) => row.name));
  const names = new Set(known);
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (names.has(name)) continue;
    const upper = name.toUpperCase().replaceAll("-", "_");
    const meant = known.find((candidate) => candidate.length >= 8 && distance(upper, candidate) <= 2);
    if (meant !== undefined) warnings.push(`${name} is set but has no meaning here: did you mean ${meant}?`);
  }
  return warnings;
}

/** Levenshtein distance, by rows; anything above 2 may come back as any number above 2. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 3;
}
