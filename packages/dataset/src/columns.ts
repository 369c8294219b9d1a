/** From a column document's text to a map of columns, or to every fault that stands in its way. */
import { durationMs, inDocumentOrder, type RulesetFault, readDocument, type SourceDocument } from "@weir/engine";
import { parseTimestamp } from "@weir/schema";
import { COLUMNS, type ColumnsDocument } from "./columns-schema.ts";

/** Text members of a transaction. */
const TEXTS = ["source", "target", "currency", "id", "channel", "country", "category", "device"] as const;
const NEEDED = ["source", "target", "currency"] as const;
const MAX_DELAY_MS = 90 * 86_400_000;

type TextMember = (typeof TEXTS)[number];

export type ColumnMap = {
  readonly name: string;
  readonly texts: readonly { readonly member: TextMember; readonly column: string }[];
  readonly constants: readonly { readonly member: TextMember; readonly value: string }[];
  readonly amount: string;
  readonly timestamp: {
    readonly column: string;
    /** ms of one unit; null: the column holds RFC 3339 text. */
    readonly unitMs: number | null;
    /** Epoch ms of the column's 0. */
    readonly sinceMs: number;
  };
  readonly location: { readonly latitude: string; readonly longitude: string } | null;
  readonly label: LabelColumn | null;
  readonly never: readonly string[];
};

export type LabelColumn = {
  readonly column: string;
  readonly fraud: string;
  readonly genuine: string;
  readonly delayMs: number;
};

export type ColumnsResult =
  | { readonly ok: true; readonly columns: ColumnMap }
  | { readonly ok: false; readonly faults: readonly RulesetFault[] };

/** Pure and total: never throws, whatever the text. `file` only names the document in faults. */
export function compileColumns(text: string, { file }: { readonly file: string }): ColumnsResult {
  const { document, faults: shapeFaults } = readDocument(text, file, COLUMNS);
  if (document === null) return { ok: false, faults: shapeFaults };
  const faults = [...shapeFaults, ...memberFaults(document), ...truthFaults(document), ...timeFaults(document)];
  return faults.length > 0
    ? { ok: false, faults: inDocumentOrder(faults) }
    : { ok: true, columns: mapOf(document.data) };
}

type Columns = SourceDocument<ColumnsDocument>;

/** Each member comes from one place, and the needed ones from some. */
function memberFaults(document: Columns): RulesetFault[] {
  const faults: RulesetFault[] = [];
  const { data } = document;
  if (!document.sound(["transaction"])) return faults;
  const constants = document.sound(["constants"]) ? (data.constants ?? {}) : {};
  for (const member of Object.keys(constants))
    if (Object.hasOwn(data.transaction, member))
      faults.push(document.faultAtKey(["constants", member], `${member} is a column already; leave one of them out`));
  for (const member of NEEDED)
    if (
      !Object.hasOwn(data.transaction, member) &&
      !Object.hasOwn((data.constants as object | undefined) ?? {}, member)
    )
      faults.push(document.faultAt(["transaction"], `transaction lacks ${member}; give its column, or a constant`));
  return faults;
}

/** The truth reaches the engine as labels and in no other way. */
function truthFaults(document: Columns): RulesetFault[] {
  const faults: RulesetFault[] = [];
  const { data } = document;
  if (document.sound(["label"]) && data.label !== undefined) {
    const { fraud, genuine } = labelOf(data.label);
    if (fraud === genuine)
      faults.push(document.faultAt(["label"], `fraud and genuine must differ, both are ${JSON.stringify(fraud)}`));
    if (durationMs(data.label.delay) > MAX_DELAY_MS)
      faults.push(document.faultAt(["label", "delay"], `delay must be at most 90d, got ${data.label.delay}`));
  }
  const truths = new Set(document.sound(["never"]) ? data.never : []);
  if (document.sound(["label", "column"]) && data.label !== undefined) truths.add(data.label.column);
  if (!document.sound(["transaction"])) return faults;
  for (const { path, column } of usesOf(data.transaction))
    if (truths.has(column))
      faults.push(document.faultAt(path, `${column} tells whether it is fraud: a transaction must not carry it`));
  return faults;
}

function timeFaults(document: Columns): RulesetFault[] {
  if (!document.sound(["transaction", "timestamp"])) return [];
  const { since, unit } = document.data.transaction.timestamp;
  const path = ["transaction", "timestamp", "since"];
  if (since === undefined) return [];
  if (unit === "rfc3339") return [document.faultAtKey(path, "since is for a number of s or ms; rfc3339 needs none")];
  return Number.isNaN(parseTimestamp(since))
    ? [document.faultAt(path, `since must be RFC 3339 such as 2018-04-01T00:00:00Z, got ${JSON.stringify(since)}`)]
    : [];
}

function usesOf({ timestamp, location, ...members }: ColumnsDocument["transaction"]) {
  const uses = Object.entries(members).map(([member, column]) => ({ path: ["transaction", member], column }));
  uses.push({ path: ["transaction", "timestamp", "column"], column: timestamp.column });
  for (const [name, column] of Object.entries(location ?? {}))
    uses.push({ path: ["transaction", "location", name], column });
  return uses;
}

function labelOf({ column, fraud = "1", genuine = "0", delay }: NonNullable<ColumnsDocument["label"]>): LabelColumn {
  return { column, fraud, genuine, delayMs: durationMs(delay) };
}

function mapOf({ name, transaction, constants = {}, label, never = [] }: ColumnsDocument): ColumnMap {
  const { amount, timestamp, location } = transaction;
  const unitMs = { s: 1_000, ms: 1, rfc3339: null }[timestamp.unit];
  return {
    name,
    texts: TEXTS.flatMap((member) => {
      const column = transaction[member];
      return column === undefined ? [] : [{ member, column }];
    }),
    constants: TEXTS.flatMap((member) => {
      const value = (constants as Partial<Record<TextMember, string>>)[member];
      return value === undefined ? [] : [{ member, value }];
    }),
    amount,
    timestamp: {
      column: timestamp.column,
      unitMs,
      sinceMs: timestamp.since === undefined ? 0 : parseTimestamp(timestamp.since),
    },
    location: location ?? null,
    label: label === undefined ? null : labelOf(label),
    never,
  };
}

/** Every column that is read, each once. */
export function columnsRead({ texts, amount, timestamp, location, label, never }: ColumnMap): string[] {
  const names = [...texts.map(({ column }) => column), amount, timestamp.column];
  if (location !== null) names.push(location.latitude, location.longitude);
  if (label !== null) names.push(label.column);
  return [...new Set([...names, ...never])];
}
