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

/** The table as Markdown, its columns aligned; for a README, where a test keeps it current. */
export function settingsMarkdown(table: SettingsTable): string {
  const escaped = (text: string) => text.replaceAll("|", "\\|");
  const cells = rowsOf(table).map((row) => [
    `\`${row.name}\``,
    row.fallback === null ? standsFor(row) : `\`${escaped(row.fallback)}\``,
    escaped(meaning(row)),
  ]);
  const lines = [["variable", "default", "meaning"], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const render = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  const [head = [], ...rest] = lines;
  return [render(head), render(rule), ...rest.map(render)].join("\n");
}
