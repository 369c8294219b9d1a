/** A settings table for people: as the text of --help and as the table of a README. */
import type { Row } from "./setting.ts";
import type { SettingsTable } from "./settings.ts";

function rowsOf(table: SettingsTable): readonly Row[] {
  return Object.values(table).flatMap((entry) => entry.rows);
}

function standsFor(row: Row): string {
  return row.required ? "required" : (row.fallback ?? "not set");
}

/** `about`, then what is accepted, as one sentence pair. */
function meaning(row: Row): string {
  return row.accepts === "text" ? row.about : `${row.about} (${row.accepts})`;
}

/** The text of --help; ends with a newline. */
export function helpText(service: { readonly name: string; readonly about: string }, table: SettingsTable): string {
  const rows = rowsOf(table);
  const width = (pick: (row: Row) => string) => Math.max(...rows.map((row) => pick(row).length));
  const nameWidth = width((row) => row.name);
  const defaultWidth = width(standsFor);
  const lines = rows.map(
    (row) => `  ${row.name.padEnd(nameWidth)}  ${standsFor(row).padEnd(defaultWidth)}  ${meaning(row)}`,
  );
  return [
    `${service.name}: ${service.about}`,
    "",
    `Usage: npm run ${service.name} [-- --help]`,
    "",
    "Everything is set through environment variables:",
    "",
    `  ${"variable".padEnd(nameWidth)}  ${"default".padEnd(defaultWidth)}  meaning`,
    ...lines,
    "",
    "Exit codes: 0 stopped cleanly; 1 failed, or the drain was cut short; 78 the configuration is wrong.",
    "",
  ].join("\n");
}

/** The table as Markdown, one line per variable; for a README, where a test keeps it current. */
export function settingsMarkdown(table: SettingsTable): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rowsOf(table).map((row) => {
    const shown = row.fallback === null ? standsFor(row) : `\`${row.fallback}\``;
    return `| \`${row.name}\` | ${cell(shown)} | ${cell(meaning(row))} |`;
  });
  return ["| variable | default | meaning |", "|---|---|---|", ...lines].join("\n");
}
