/**
 * CSV as RFC 4180 has it, chunk by chunk in bounded memory: fields in quotes may hold commas, line breaks and doubled
 * quotes; lines end in LF or CRLF; a byte order mark is passed over, and so are empty lines.
 *
 * What breaks the format costs the line that it is on and no other: reading goes on at the next line break.
 */
export type CsvRow = {
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
  /** Null: `fault` says why not, and `text` is the line. */
  readonly fields: readonly string[] | null;
  readonly fault: string;
  readonly text: string;
};

/** Characters of one row, line breaks within quotes included; more is a fault. */
export const MAX_ROW_LENGTH = 1024 * 1024;

type Scan = { readonly fields: string[]; readonly end: number } | { readonly fault: string } | "more";

export class CsvParser {
  #rest = "";
  #line = 1;
  #first = true;
  /** Within a line that is too long, up to its break. */
  #skipping = false;

  /** The rows that are complete by now. */
  push(chunk: string): CsvRow[] {
    return this.#rows(chunk, false);
  }

  /** What is left when the file ends, with or without a last line break. */
  end(): CsvRow[] {
    return this.#rows("", true);
  }

  #rows(chunk: string, last: boolean): CsvRow[] {
    let text = this.#rest + chunk;
    if (this.#first && text !== "") {
      this.#first = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    const rows: CsvRow[] = [];
    let at = 0;
    // The next quote at or behind `at`, so that lines without any are split at once.
    let quote = text.indexOf('"');
    while (at < text.length) {
      const lineBreak = text.indexOf("\n", at);
      const lineEnd = lineBreak === -1 ? text.length : lineBreak;
      if (this.#skipping || (lineBreak === -1 && text.length - at > MAX_ROW_LENGTH)) {
        if (!this.#skipping) rows.push(this.#broken(`more than ${MAX_ROW_LENGTH} characters in one row`, ""));
        this.#skipping = lineBreak === -1;
        if (lineBreak !== -1) this.#line += 1;
        at = lineEnd + 1;
        continue;
      }
      if (lineBreak === -1 && !last) break;
      if (quote !== -1 && quote < at) quote = text.indexOf('"', at);
      if (quote === -1 || quote >= lineEnd) {
        const line = text.slice(at, text[lineEnd - 1] === "\r" ? Math.max(at, lineEnd - 1) : lineEnd);
        if (line !== "") rows.push({ line: this.#line, fields: line.split(","), fault: "", text: line });
        this.#line += 1;
        at = lineEnd + 1;
        continue;
      }
      const scan = scanRow(text, at, last);
      if (scan === "more" && text.length - at <= MAX_ROW_LENGTH) break;
      if (scan === "more" || "fault" in scan) {
        const fault = scan === "more" ? `a quote that is not closed within ${MAX_ROW_LENGTH} characters` : scan.fault;
        rows.push(this.#broken(fault, text.slice(at, lineEnd)));
        this.#line += 1;
        at = lineEnd + 1;
        continue;
      }
      const row = text.slice(at, scan.end);
      rows.push({ line: this.#line, fields: scan.fields, fault: "", text: row.replace(/\r?\n$/, "") });
      this.#line += row.split("\n").length - (row.endsWith("\n") ? 1 : 0);
      at = scan.end;
    }
    this.#rest = text.slice(at);
    return rows;
  }

  #broken(fault: string, text: string): CsvRow {
    return { line: this.#line, fields: null, fault, text };
  }
}

/** One row with quotes in it, from `at` to behind its line break; "more" if the text ends before it does. */
function scanRow(text: string, at: number, last: boolean): Scan {
  const fields: string[] = [];
  let next = at;
  for (;;) {
    let end = next;
    if (text[next] === '"') {
      end = closingQuote(text, next + 1);
      if (end === -1) return last ? { fault: "a quote that is not closed" } : "more";
      if (end + 1 >= text.length && !last) return "more";
      fields.push(text.slice(next + 1, end).replaceAll('""', '"'));
      end += 1;
    } else {
      while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== '"') end += 1;
      if (text[end] === '"')
        return { fault: `a quote within field ${fields.length + 1}, which does not begin with one` };
      if (end === text.length && !last) return "more";
      fields.push(text.slice(next, text[end - 1] === "\r" && text[end] === "\n" ? end - 1 : end));
    }
    if (text[end] === "\r") {
      if (end + 1 >= text.length && !last) return "more";
      end += 1;
    }
    if (end >= text.length) return { fields, end };
    if (text[end] === "\n") return { fields, end: end + 1 };
    if (text[end] !== ",") return { fault: `text behind the closing quote of field ${fields.length}` };
    next = end + 1;
  }
}

/** The quote that ends the field whose text begins at `from`; -1 if there is none yet. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
