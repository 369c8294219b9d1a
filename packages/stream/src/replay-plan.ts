/** Where the silent replay of a restore begins, what of history is then known, and when a restore is refused. Pure. */
import type { Marker } from "./marker.ts";
import { Unrecoverable } from "./port.ts";
import { HISTORY_BEGINS, type Stage } from "./stage.ts";

export type PlanContext<Event> = {
  readonly stage: Stage<Event>;
  readonly partition: number;
  readonly group: string;
  readonly allowPartialHistory: boolean;
};

/** What the state topic's partition was found to hold. */
export type Found = {
  /** First offset of it. */
  readonly start: number;
  readonly marker: Marker | null;
  /** What of it cannot be read; null: nothing. */
  readonly corrupt: string | null;
};

export type ReplayPlan = {
  readonly from: number;
  readonly position: number;
  readonly streamTimeMs: number;
  /** Of the state when replay begins. */
  readonly historySinceMs: number;
  /** What was replayed did not go into a log that is fed from now on. */
  readonly feedsAnew: boolean;
  /** Why the log is replayed in full; null: it is not. */
  readonly rebuilt: string | null;
};

/** Every refusal says what was found and what mends it. */
export function planReplay<Event>(
  { stage, partition, group, allowPartialHistory }: PlanContext<Event>,
  { marker, corrupt, start: snapshotStart }: Found,
  committed: number | null,
  start: number,
): ReplayPlan {
  const where = `${stage.input}/${partition}`;
  if (marker !== null && marker.ids !== stage.ids) throw new Unrecoverable(otherIds(where, marker.ids, stage.ids));
  const beginning = start > 0 ? HISTORY_BEGINS : 0;
  if (committed === null)
    return {
      from: start,
      position: start,
      streamTimeMs: -1,
      historySinceMs: beginning,
      feedsAnew: false,
      rebuilt: null,
    };
  if (committed < start)
    throw new Unrecoverable(
      `group ${group} has committed offset ${committed} for ${where}, but the log begins at ${start}: ` +
        `${start - committed} records were deleted before they were decided. Mend: restore them, or accept the loss by ` +
        `setting the group's offset and deleting the records of ${stage.stateTopic}/${partition}`,
    );
  const reason = corrupt ?? rebuildReason(stage, marker, snapshotStart, start);
  const known = { historySinceMs: marker?.historySinceMs ?? 0, feedsAnew: !hasFed(stage, marker) };
  if (reason === null && marker !== null)
    return {
      from: marker.replayFrom.offset,
      position: committed,
      streamTimeMs: marker.replayFrom.streamTimeMs,
      ...known,
      rebuilt: null,
    };
  if (start > 0 && !allowPartialHistory && stage.needsHistory)
    throw new Unrecoverable(
      `the state of ${where} has to be rebuilt from the log (${reason}), but the log begins at offset ${start}. ` +
        `Mend: keep the log longer, or set ALLOW_PARTIAL_HISTORY=true to count only what is left of it`,
    );
  return {
    from: stage.needsHistory ? start : committed,
    position: committed,
    streamTimeMs: -1,
    ...known,
    ...(stage.needsHistory && { historySinceMs: Math.max(known.historySinceMs, beginning) }),
    rebuilt: reason,
  };
}

/** What is said where a partition went on with other ids than a stage has: nothing may be written that mixes the two. */
export function otherIds(where: string, had: string | undefined, here: string | undefined): string {
  const named = (ids: string | undefined): string => (ids === undefined ? "as they came" : `tokens of the key ${ids}`);
  return (
    `in ${where} ids are ${named(had)}, here they are ${named(here)}. Mend: start with the key that was used there; ` +
    "how another one is brought in is in docs/security.md"
  );
}

/**
 * Whether all that was decided here went on into the logs that later stages keep a state of. What another ruleset decided
 * meanwhile, with other stages, is not in them.
 */
function hasFed<Event>({ feeds = [] }: Stage<Event>, marker: Marker | null): boolean {
  if (marker === null) return feeds.length === 0;
  return marker.feeds === null || feeds.every((topic) => marker.feeds?.includes(topic));
}

function rebuildReason<Event>(
  stage: Stage<Event>,
  marker: Marker | null,
  snapshotStart: number,
  start: number,
): string | null {
  if (marker === null) return `${stage.stateTopic} holds no snapshot`;
  if (marker.identity !== stage.identity)
    return `the snapshot is of ${marker.identity}, the ruleset needs ${stage.identity}`;
  if (marker.snapshotFrom !== null && snapshotStart > marker.snapshotFrom)
    return `records of the snapshot were deleted: ${stage.stateTopic} begins at ${snapshotStart}, not at ${marker.snapshotFrom}`;
  if (marker.replayFrom.offset < start)
    return `replay has to begin at ${marker.replayFrom.offset}, the log begins at ${start}`;
  return null;
}
