/** One record of the rejected topic as operators speak of it: a letter that could not be delivered, and why. */
import {
  type Header,
  type LogRecord,
  REJECTED_HEADER_PREFIX,
  REPLAY_HEADER,
  type RejectedNote,
  readRejectedHeaders,
} from "@weir/schema";

export type Letter = RejectedNote & {
  /** Where it lies in the rejected topic. */
  readonly partition: number;
  readonly offset: number;
  /** Of the input record, ms since the epoch; -1 when it had none. */
  readonly timestampMs: number;
  /** The input's own bytes; of a reference the value is that. Views of a response: copy what is kept. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The input's own, without Weir's. */
  readonly headers: readonly Header[];
  /** Decision id of the earlier input that this one was a replay of. */
  readonly replayOf: string | null;
};

/** Null for a record that Weir did not write. */
export function letterOf(record: LogRecord, partition: number): Letter | null {
  const note = readRejectedHeaders(record.headers);
  if (note === null) return null;
  const { offset, timestampMs, key, value, headers } = record;
  return {
    ...note,
    partition,
    offset,
    timestampMs,
    key,
    value,
    headers: headers.filter(([name]) => !name.startsWith(REJECTED_HEADER_PREFIX)),
    replayOf: headers.find(([name]) => name === REPLAY_HEADER)?.[1]?.toString("utf8") ?? null,
  };
}

/** Of key, value and the input's own headers. */
export function bytesOf({ key, value, headers }: Pick<Letter, "key" | "value" | "headers">): number {
  const ofHeaders = headers.map(([name, content]) => Buffer.byteLength(name) + (content?.length ?? 0));
  return ofHeaders.reduce((sum, bytes) => sum + bytes, (key?.length ?? 0) + (value?.length ?? 0));
}
