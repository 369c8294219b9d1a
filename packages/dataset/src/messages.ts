/** Lines of JSON as rows: messages as they are, our own outputs without their decision, or members as columns. */
import { type Fault, WHOLE } from "@weir/schema";
import { type ColumnMap, columnsRead } from "./columns.ts";
import { type Line, MAX_LINE_BYTES } from "./lines.ts";
import { type DataRow, rowWriter } from "./row.ts";

/** Null for an empty line. */
type LineReader = (line: Line) => DataRow | null;

const TOO_LONG: Fault = { field: WHOLE, expected: `at most ${MAX_LINE_BYTES} bytes a line`, got: "more" };
const NO_OBJECT: Fault = { field: WHOLE, expected: "a JSON object", got: "another line" };
const NOTHING_ASIDE: readonly string[] = [];

/** Each line is a transaction as it is sent, or what a detector has written of one. Its bytes stay as they are. */
export const messageOf: LineReader = ({ line, bytes }) => {
  if (bytes === null) return { ok: false, line, fault: TOO_LONG, text: "" };
  if (isBlank(bytes)) return null;
  const decided = bytes.includes('"decision"') ? undecided(bytes) : null;
  const { value, timeMs } = decided ?? { value: bytes, timeMs: null };
  return { ok: true, line, value, timeMs, fraud: null, aside: NOTHING_ASIDE };
};

/**
 * What a decision was spliced into, and the event time that it was decided at; null if no decision of ours is the
 * last member. A decision somewhere else is the producer's own, which the decoder refuses.
 */
function undecided(bytes: Buffer): { readonly value: Buffer; readonly timeMs: number } | null {
  const at = bytes.lastIndexOf(',"decision":{"id":"');
  if (at === -1) return null;
  try {
    const { decision } = JSON.parse(`{${bytes.toString("utf8", at + 1)}`) as { decision: { eventTime?: unknown } };
    if (!Number.isSafeInteger(decision.eventTime)) return null;
    return { value: Buffer.concat([bytes.subarray(0, at), CLOSE]), timeMs: decision.eventTime as number };
  } catch {
    return null;
  }
}

const CLOSE = Buffer.of(0x7d);

/** Each line is an object whose top-level members are the columns. Members that are not texts count as they are written. */
export function memberReader(columns: ColumnMap): LineReader {
  const names = columnsRead(columns);
  const write = rowWriter(columns, names);
  return ({ line, bytes }) => {
    if (bytes === null) return { ok: false, line, fault: TOO_LONG, text: "" };
    if (isBlank(bytes)) return null;
    const text = bytes.toString();
    const members = membersOf(text);
    if (members === null) return { ok: false, line, fault: NO_OBJECT, text };
    return write(
      line,
      names.map((name) => members.get(name) ?? ""),
      text,
    );
  };
}

/** The text of each top-level member that is a text, a number or a boolean; null if this is no object. */
function membersOf(text: string): Map<string, string> | null {
  let object: unknown;
  try {
    object = JSON.parse(text, asWritten);
  } catch {
    return null;
  }
  if (object === null || typeof object !== "object" || Array.isArray(object)) return null;
  const members = new Map<string, string>();
  for (const [name, value] of Object.entries(object))
    if (typeof value === "string" || typeof value === "boolean") members.set(name, String(value));
  return members;
}

/** Numbers as texts: 912.50 keeps its zero, and an id of twenty digits all of them. */
function asWritten(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? String(value)) : value;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes.length < 64 && bytes.toString("latin1").trim() === "");
}
