/**
 * Where a partition stands: the committed offset, and the tag beside it, which names the batch that ended there and the
 * process that may commit next.
 *
 * The marker of the state topic is written in the same transaction and has the same tag, so the two must agree before
 * either is believed. A coordinator that has just come up may tell an older offset, or none (Apache Kafka 4.3.1, after a
 * kill -9), and whoever went on from there would decide again what was decided. If it keeps to that, the marker counts.
 */

import type { Marker } from "./marker.ts";
import type { CommittedOffset } from "./port.ts";

export type Standing = {
  readonly offset: number;
  /** The batch that ended there, unlike every other. Null: nothing is decided yet. */
  readonly batch: string | null;
  /** The process that may commit for the partition; null: it has handed over. */
  readonly owner: string | null;
};

/** Stands in neither a batch nor an owner. */
const SEPARATOR = ";";

const BY_HAND = "set-by-hand";

export function tagOf({ batch, owner }: Pick<Standing, "batch" | "owner">): string {
  return `${batch ?? ""}${SEPARATOR}${owner ?? ""}`;
}

/**
 * A tag of somebody else's making, as after an offset was set by hand, is a batch without an owner. Kafka's own tool leaves
 * an empty one, which must not be taken for a partition that nothing was decided of.
 */
export function standingOf(committed: CommittedOffset | null): Standing | null {
  if (committed === null) return null;
  const { offset, tag } = committed;
  const at = tag.indexOf(SEPARATOR);
  if (at < 0) return { offset, batch: tag || BY_HAND, owner: null };
  return { offset, batch: tag.slice(0, at) || null, owner: tag.slice(at + 1) || null };
}

/** Records before it are decided; null: none ever was. */
export function decidedUpTo(standing: Standing | null): number | null {
  return standing === null || standing.batch === null ? null : standing.offset;
}

/** Whether both speak of the same commit. Without a marker (its topic is new, or was deleted) there is nothing to object. */
export function agrees(committed: CommittedOffset | null, marker: Marker | null): boolean {
  if (marker === null) return true;
  if (committed?.offset !== marker.position) return false;
  return isForeign(committed) || marker.tag === null || marker.tag === committed.tag;
}

/** Not committed by a stage: set by hand, or by Kafka's own tool. */
export function isForeign({ tag }: CommittedOffset): boolean {
  return !tag.includes(SEPARATOR);
}
