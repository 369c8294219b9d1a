/** What a record that a stage wrote is about: an input record, by its place. Shares no code with what wrote it. */
import type { Header, LogRecord } from "@weir/schema";

type Content = Pick<LogRecord, "value" | "headers">;

/** `<topic>/<partition>/<offset>` of a decision or rejection; null if it says nothing of the kind. */
export function originOf({ headers, value }: Content): string | null {
  const said = headers.findLast(([name]) => name === "weir-origin")?.[1];
  if (said !== undefined && said !== null) return String(said);
  return decisionOf({ value })?.id ?? null;
}

/** Why a record was rejected; "" if it was not. */
export function reasonOf({ headers }: Pick<LogRecord, "headers">): string {
  return String(headers.findLast(([name]) => name === "weir-reason")?.[1] ?? "");
}

/** What an envelope says of the input: its first bytes, which every version has. Null: there is none. */
export function carriedOf(headers: readonly Header[]): Carried | null {
  const [name, bytes] = headers.at(-1) ?? ["", null];
  if (name !== "weir-envelope" || bytes === null || bytes.length < 14) return null;
  const isLabel = ((bytes[1] as number) & 1) === 1;
  return { isLabel, partition: bytes.readUInt32LE(2), offset: Number(bytes.readBigUInt64LE(6)) };
}

export type Carried = { readonly isLabel: boolean; readonly partition: number; readonly offset: number };

export type WrittenDecision = {
  readonly id: string;
  readonly order: number;
  readonly late?: boolean;
  readonly features?: Readonly<Record<string, number | null>>;
};

/** The decision in an output; null if there is none that can be read. */
export function decisionOf({ value }: Pick<LogRecord, "value">): WrittenDecision | null {
  try {
    const { decision } = JSON.parse(String(value)) as { decision?: WrittenDecision };
    return typeof decision?.id === "string" ? decision : null;
  } catch {
    return null;
  }
}

/** Names it within the topics that it can be doubled in; null: nothing in it says. */
export function subjectOf(content: Content): string | null {
  const carried = carriedOf(content.headers);
  if (carried === null) return originOf(content);
  return `${carried.isLabel ? "label" : "transaction"} ${carried.partition}/${carried.offset}`;
}
