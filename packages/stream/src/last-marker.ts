/** The last marker of a state topic's partition, found from its end. */
import { type Clock, within } from "./clock.ts";
import { decodeMarker, isMarkerKey, type Marker } from "./marker.ts";
import type { Log, TopicPartition } from "./port.ts";

export type MarkerContext = { readonly log: Log; readonly clock: Clock; readonly deadlineMs: number };

/** Offsets looked at first; a transaction ends with its marker and Kafka's own control record. */
const FIRST_STEP = 16;

/** Null if there is none; "corrupt" if the last one cannot be read. */
export async function lastMarker(context: MarkerContext, input: TopicPartition): Promise<Marker | null | "corrupt"> {
  const { log, clock, deadlineMs } = context;
  const where = `the end of ${input.topic}/${input.partition}`;
  const { start, end } = await within(clock, deadlineMs, `finding ${where}`, log.bounds(input));
  for (let to = end, step = FIRST_STEP; to > start; step *= 8) {
    const from = Math.max(start, to - step);
    const found = await lastValue(context, input, from, to, where);
    if (found !== null) return readable(found);
    to = from;
  }
  return null;
}

async function lastValue(
  { log, clock, deadlineMs }: MarkerContext,
  input: TopicPartition,
  from: number,
  to: number,
  where: string,
): Promise<Buffer | null> {
  const reader = log.read(input, from, to);
  try {
    let last: Buffer | null = null;
    for (;;) {
      const batch = await within(clock, deadlineMs, `reading ${where}`, reader.next());
      if (batch === null) return last;
      for (const { key, value } of batch.records) if (key !== null && isMarkerKey(key)) last = value ?? last;
    }
  } finally {
    reader.close();
  }
}

function readable(value: Buffer): Marker | "corrupt" {
  try {
    return decodeMarker(value);
  } catch {
    return "corrupt";
  }
}
