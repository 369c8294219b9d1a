/**
 * The ledger: a compacted topic with one record for each letter that was sent in again, keyed by its origin, written in the
 * transaction of the record itself. Nothing is ever deleted from it.
 */
import { DECISION_ID, type NewRecord } from "@weir/schema";
import { type Log, recordsOf } from "@weir/stream";

export type LedgerEntry = {
  /** When it was sent, ms since the epoch. */
  readonly atMs: number;
  /** Names the replay that sent it. */
  readonly run: string;
  /** Whether the bytes were the letter's own. */
  readonly bytes: "original" | "fixed";
  /** Where the record went, without its offset, which nobody knows before the commit. */
  readonly to: { readonly topic: string; readonly partition: number };
};

/** The ledger lacks what a replay has committed: it was deleted, or this is not all of it yet. */
export class LedgerIncomplete extends Error {
  override readonly name = "LedgerIncomplete";
}

export function ledgerRecord(topic: string, origin: string, entry: LedgerEntry): NewRecord {
  return {
    topic,
    key: Buffer.from(origin),
    value: Buffer.from(JSON.stringify(entry)),
    headers: [],
    timestampMs: entry.atMs,
  };
}

/**
 * All of it, by origin, or what it says of `origins` alone. Exact once the replay's transactional id is fenced; before that
 * a replay under way may be missing. An entry that cannot be read still says that its origin was sent.
 */
export async function readLedger(
  log: Log,
  topic: string,
  origins: ReadonlySet<string> | null = null,
): Promise<Map<string, LedgerEntry>> {
  const entries = new Map<string, LedgerEntry>();
  const count = await log.partitions(topic);
  for (let partition = 0; partition < count; partition++) {
    for await (const { key, value } of recordsOf(log, { topic, partition })) {
      const origin = key?.toString("utf8") ?? "";
      if (DECISION_ID.test(origin) && (origins === null || origins.has(origin)))
        entries.set(origin, entryIn(value, origin));
    }
  }
  return entries;
}

function entryIn(value: Buffer | null, origin: string): LedgerEntry {
  try {
    const entry = JSON.parse(value?.toString("utf8") ?? "") as LedgerEntry;
    if (typeof entry.atMs === "number" && typeof entry.run === "string" && typeof entry.to?.topic === "string")
      return entry;
  } catch {
    // Told below.
  }
  return { atMs: 0, run: "", bytes: "original", to: { topic: origin.split("/")[0] ?? "", partition: 0 } };
}
