/**
 * What a stage has kept in its state topic: loaded and replayed as a restore would, it must be what stepping through the
 * log from its beginning gives, and the marker must say what the committed offset says.
 */
import { isDeepStrictEqual } from "node:util";
import type { LogRecord } from "@weir/schema";
import {
  decidedUpTo,
  decodeMarker,
  isMarkerKey,
  type Marker,
  parseChunkKey,
  type StageState,
  standingOf,
  stepOrReject,
} from "@weir/stream";
import type { Evidence, Judged } from "./evidence.ts";
import type { Reference } from "./reference.ts";

/** One line for each fault. */
export function stateFaults(
  evidence: Evidence,
  judged: Judged,
  partition: number,
  { state, position }: Reference,
): string[] {
  const { stage, group } = judged;
  const where = `${stage.stateTopic}/${partition}`;
  const records = evidence.records(stage.stateTopic, partition);
  try {
    const marker = lastMarker(records);
    const committed = evidence.committed(group, stage.input, partition);
    const decided = decidedUpTo(standingOf(committed));
    if ((marker?.position ?? null) !== decided)
      return [`${where} stands at ${marker?.position ?? null}, the committed offset at ${decided}`];
    if (marker === null) return [];
    if (marker.tag !== null && marker.tag !== committed?.tag)
      return [`${where} has the tag ${marker.tag}, the committed offset ${committed?.tag}`];
    if (marker.identity !== stage.identity) return [`${where} is of ${marker.identity}, not of ${stage.identity}`];
    if (!stage.needsHistory) return [];
    const restored = restoredFrom(evidence, judged, partition, records, marker);
    return isDeepStrictEqual(canonicalOf(restored), canonicalOf(state))
      ? []
      : [`${where} restores to another state at ${position} than the log gives: ${firstDifference(restored, state)}`];
  } catch (error) {
    return [`${where} cannot be restored: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function lastMarker(records: readonly LogRecord[]): Marker | null {
  const value = records.findLast(({ key }) => key !== null && isMarkerKey(key))?.value ?? null;
  return value === null ? null : decodeMarker(value);
}

function restoredFrom(
  evidence: Evidence,
  { stage }: Judged,
  partition: number,
  records: readonly LogRecord[],
  { epoch, replayFrom, position, historySinceMs }: Marker,
): StageState<unknown> {
  const chunks = new Map<string, { readonly key: Buffer; readonly value: Buffer }>();
  for (const { key, value } of records) {
    if (key === null || isMarkerKey(key)) continue;
    const chunk = parseChunkKey(key);
    if (chunk.epoch !== epoch) continue;
    const name = chunk.key.toString("latin1");
    chunks.delete(name);
    if (value !== null) chunks.set(name, { key: chunk.key, value });
  }
  const state = stage.createState();
  for (const { key, value } of chunks.values()) state.load(key, value);
  state.loaded(replayFrom.streamTimeMs);
  state.historySinceMs = historySinceMs;
  for (const record of evidence.records(stage.input, partition)) {
    if (record.offset < replayFrom.offset || record.offset >= position) continue;
    const { event } = stepOrReject(stage, state, record, partition);
    if (event !== null) state.apply(event, record.offset);
  }
  return state;
}

type Canonical = { readonly streamTimeMs: number; readonly keys: readonly (readonly [string, unknown])[] };

/** Of a state that does not tell all that it holds: what it tells. */
function canonicalOf(state: StageState<unknown>): Canonical {
  if ("canonical" in state && typeof state.canonical === "function") return state.canonical() as Canonical;
  return { streamTimeMs: state.streamTimeMs, keys: [["number of keys", state.keys]] };
}

function firstDifference(restored: StageState<unknown>, right: StageState<unknown>): string {
  const [has, should] = [canonicalOf(restored), canonicalOf(right)];
  if (has.streamTimeMs !== should.streamTimeMs) return `stream time ${has.streamTimeMs}, not ${should.streamTimeMs}`;
  const values = new Map(has.keys);
  for (const [key, value] of should.keys) {
    if (!isDeepStrictEqual(values.get(key), value))
      return `${key} is ${JSON.stringify(values.get(key))?.slice(0, 300)}, not ${JSON.stringify(value).slice(0, 300)}`;
    values.delete(key);
  }
  return `${[...values.keys()].slice(0, 3).join(", ")} should not be there`;
}
