/** One row of a data set as a message, and what is known about it beside the message. */
import { type Fault, parseTimestamp, WHOLE } from "@weir/schema";
import type { ColumnMap } from "./columns.ts";

export type DataRow =
  | {
      readonly ok: true;
      /** Line of the file on which it begins, from 1. */
      readonly line: number;
      /** The transaction's JSON. Whether it is a valid transaction is for decodeTransaction to say. */
      readonly value: Buffer;
      /** Epoch ms: the row's own time, or one that stands beside the message; null: at most in the message. */
      readonly timeMs: number | null;
      /** Null: not known. */
      readonly fraud: boolean | null;
      /** The values of the columns under `never`, in that order. */
      readonly aside: readonly string[];
    }
  | {
      readonly ok: false;
      readonly line: number;
      readonly fault: Fault;
      readonly text: string;
    };

/** `fields` in the order of the header that rowWriter was given. */
export type RowWriter = (line: number, fields: readonly string[], text: string) => DataRow;

const NOTHING_ASIDE: readonly string[] = [];
const ORDER = ["source", "target", "amount", "currency", "id", "timestamp"];
const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const DECIMAL = /^-?[0-9]+(\.[0-9]+)?$/;

/** `header` must have every column of columnsRead(). */
export function rowWriter(columns: ColumnMap, header: readonly string[]): RowWriter {
  const at = (column: string): number => {
    const index = header.indexOf(column);
    if (index === -1) throw new RangeError(`the header must have ${column}, it has ${header.join(", ")}`);
    return index;
  };
  const members = membersOf(columns, at);
  const timeAt = at(columns.timestamp.column);
  const { label, timestamp } = columns;
  const labelAt = label === null ? -1 : at(label.column);
  const asideAt = columns.never.map(at);

  return (line, fields, text) => {
    const refused = (field: string, expected: string, got: string): DataRow => {
      return { ok: false, line, fault: { field, expected, got }, text };
    };
    if (fields.length !== header.length) return refused(WHOLE, `${header.length} fields`, `${fields.length}`);
    if (text.includes("\uFFFD")) return refused(WHOLE, "UTF-8", "other bytes");
    let fraud: boolean | null = null;
    if (label !== null && fields[labelAt] !== "") {
      fraud = fields[labelAt] === label.fraud;
      if (!fraud && fields[labelAt] !== label.genuine)
        return refused(label.column, `${label.fraud}, ${label.genuine} or nothing`, "something else");
    }
    let json = "";
    for (const { prefix, write } of members) {
      const member = write(fields);
      if (member !== "") json += prefix + member;
    }
    return {
      ok: true,
      line,
      value: Buffer.from(`{${json.slice(1)}}`),
      timeMs: timeOf(fields[timeAt] as string, timestamp),
      fraud,
      aside: asideAt.length === 0 ? NOTHING_ASIDE : asideAt.map((index) => fields[index] as string),
    };
  };
}

type Member = {
  /** `,"name":` */
  readonly prefix: string;
  /** The member's JSON; empty when the row lacks it. */
  readonly write: (fields: readonly string[]) => string;
};

function membersOf({ texts, constants, amount, timestamp, location }: ColumnMap, at: (column: string) => number) {
  const members = new Map<string, Member["write"]>();
  const field = (column: string, write: (text: string) => string): Member["write"] => {
    const index = at(column);
    return (fields) => (fields[index] === "" ? "" : write(fields[index] as string));
  };
  for (const { member, column } of texts) members.set(member, field(column, JSON.stringify));
  for (const { member, value } of constants) members.set(member, () => JSON.stringify(value));
  members.set("amount", field(amount, numberText));
  members.set(
    "timestamp",
    field(timestamp.column, (text) => timeText(text, timestamp)),
  );
  if (location !== null) {
    const [latitude, longitude] = [at(location.latitude), at(location.longitude)];
    members.set("location", (fields) => placeText(fields[latitude] as string, fields[longitude] as string));
  }
  const place = (name: string): number => (ORDER.indexOf(name) === -1 ? ORDER.length : ORDER.indexOf(name));
  return [...members]
    .sort(([a], [b]) => place(a) - place(b))
    .map(([name, write]): Member => ({ prefix: `,${JSON.stringify(name)}:`, write }));
}

/** As it is written, if JSON writes numbers so; else as a text, which the decoder refuses with a reason. */
function numberText(text: string): string {
  return JSON_NUMBER.test(text) ? text : JSON.stringify(text);
}

function timeText(text: string, timestamp: ColumnMap["timestamp"]): string {
  const timeMs = timestamp.unitMs === null ? null : timeOf(text, timestamp);
  return timeMs === null ? JSON.stringify(text) : String(timeMs);
}

/** Finer than a millisecond is cut off, as in RFC 3339 text; what is added first makes 1.005 s 1005 ms. */
function timeOf(text: string, { unitMs, sinceMs }: ColumnMap["timestamp"]): number | null {
  if (unitMs !== null && !DECIMAL.test(text)) return null;
  const timeMs = unitMs === null ? parseTimestamp(text) : sinceMs + Math.floor(Number(text) * unitMs + 1e-6);
  return Number.isFinite(timeMs) ? timeMs : null;
}

function placeText(latitude: string, longitude: string): string {
  if (latitude === "" && longitude === "") return "";
  return `{"latitude":${numberText(latitude)},"longitude":${numberText(longitude)}}`;
}
