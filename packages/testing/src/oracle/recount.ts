/**
 * Counts by source, recounted by brute force from the log that the source's stage read. Shares no code with the engine.
 * A transaction that is later than the lateness allows is not judged, and counts for none after it.
 */
import type { Plan } from "@weir/engine";
import { allOf, type OutsideTopics } from "./accounts.ts";
import { type Evidence, idOf } from "./evidence.ts";
import { carriedOf, decisionOf, originOf, reasonOf } from "./subject.ts";

export type Counts = {
  /** The log that is keyed by source: the transactions themselves, or one between stages. */
  readonly log: string;
  /** Width of each window by the feature's name, ms; each ends with the transaction and holds it. */
  readonly windows: Readonly<Record<string, number>>;
  readonly latenessMs: number;
};

/** The plain counts by source that a ruleset asks for, as they are read in `log`. */
export function countsBySource({ features, latenessMs }: Pick<Plan, "features" | "latenessMs">, log: string): Counts {
  const plain = features.filter(
    ({ by, and, aggregate, delayMs, before }) =>
      by === "source" && and.length === 0 && aggregate === "count" && delayMs === 0 && !before,
  );
  return { log, windows: Object.fromEntries(plain.map(({ name, windowMs }) => [name, windowMs])), latenessMs };
}

/** How many were compared, and which are not as they were recounted. Decisions must carry features (EXPLAIN=full). */
export function recount(
  evidence: Evidence,
  topics: OutsideTopics,
  { log, windows, latenessMs }: Counts,
): { readonly compared: number; readonly wrong: string[] } {
  const told = new Map<string, Readonly<Record<string, number | null>>>();
  for (const topic of [topics.legit, topics.fraud])
    for (const { record } of allOf(evidence, topic)) {
      const origin = originOf(record);
      if (origin !== null) told.set(origin, decisionOf(record)?.features ?? {});
    }
  const duplicates = new Set<string | null>();
  for (const { record } of allOf(evidence, topics.rejected))
    if (reasonOf(record).startsWith("duplicate")) duplicates.add(originOf(record));
  const wrong: string[] = [];
  let compared = 0;
  for (let partition = 0; partition < evidence.partitions(log); partition += 1) {
    const times = new Map<string, number[]>();
    let streamTimeMs = Number.NEGATIVE_INFINITY;
    for (const record of evidence.records(log, partition)) {
      const carried = carriedOf(record.headers);
      if (carried?.isLabel === true) continue;
      const id =
        carried === null ? idOf(log, partition, record) : idOf(topics.transactions, carried.partition, carried);
      const features = told.get(id);
      if (features === undefined && !duplicates.has(id)) continue;
      const { source, timestamp } = JSON.parse(String(record.value)) as Sent;
      const timeMs = timestamp === undefined ? record.timestampMs : new Date(timestamp).getTime();
      const isLate = timeMs < streamTimeMs - latenessMs;
      streamTimeMs = Math.max(streamTimeMs, timeMs);
      // A duplicate moves the time on, and counts for nothing else.
      if (isLate || features === undefined) continue;
      const own = times.get(source) ?? [];
      times.set(source, own);
      own.push(timeMs);
      compared += 1;
      for (const [name, windowMs] of Object.entries(windows)) {
        const right = countOf(own, timeMs - windowMs, timeMs);
        if (features[name] !== right) wrong.push(`${id} says ${name} = ${features[name]}, a recount ${right}`);
      }
    }
  }
  return { compared, wrong };
}

type Sent = { readonly source: string; readonly timestamp?: number | string };

/** Of the times in (fromMs, toMs]. */
function countOf(times: readonly number[], fromMs: number, toMs: number): number {
  let count = 0;
  for (const time of times) if (time > fromMs && time <= toMs) count += 1;
  return count;
}
