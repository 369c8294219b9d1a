/** The input record that a letter is about, read from the input's log while that is kept: for a letter that only refers to it. */
import { createHash } from "node:crypto";
import { DECISION_ID, type LogRecord, type RejectedReference } from "@weir/schema";
import type { Log } from "@weir/stream";
import type { Letter } from "./letter.ts";

export type Original = { readonly ok: true; readonly record: LogRecord } | { readonly ok: false; readonly why: string };

/** `inputs`: the topics that origins may lie in. A reference's hash, or its size and time where it has none, must be those of what is found. */
export async function originalOf(log: Log, letter: Letter, inputs: readonly string[]): Promise<Original> {
  const [, topic = "", partitionText, offsetText] = DECISION_ID.exec(letter.origin) ?? [];
  if (!inputs.includes(topic)) return { ok: false, why: `${topic} is not an input topic here` };
  const [partition, offset] = [Number(partitionText), Number(offsetText)];
  if (partition >= (await log.partitions(topic))) return { ok: false, why: `${topic} has no partition ${partition}` };
  const { start, end } = await log.bounds({ topic, partition });
  if (offset < start)
    return { ok: false, why: `${topic} no longer keeps it: partition ${partition} begins at ${start}` };
  if (offset >= end) return { ok: false, why: `${topic} has nothing there: it was made anew` };
  const reader = log.read({ topic, partition }, offset, offset + 1);
  try {
    const record = (await reader.next())?.records.find((one) => one.offset === offset);
    if (record === undefined) return { ok: false, why: `${topic} has nothing there` };
    if (letter.isReference && !isReferenceTo(letter.value, record))
      return { ok: false, why: `${topic} has another record there: it was made anew` };
    return { ok: true, record };
  } finally {
    reader.close();
  }
}

function isReferenceTo(reference: Buffer | null, { value, timestampMs }: LogRecord): boolean {
  try {
    const said = JSON.parse(reference?.toString("utf8") ?? "") as Partial<RejectedReference>;
    if (said.sha256 === undefined) return said.size === (value?.length ?? 0) && said.timestampMs === timestampMs;
    const right = createHash("sha256").update(value ?? "");
    return said.sha256 === right.digest("hex");
  } catch {
    return false;
  }
}
