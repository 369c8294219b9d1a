/** What a layout costs in memory, from the shapes of its records; measured by `npm run bench:windows`. */
import { BLOCK_EVENTS, blockShape } from "./event-blocks.ts";
import type { EntityLayout } from "./layout.ts";

/** Record, text of 12 letters, its place in the index, an entry among the dirty chunks. */
const KEY_BYTES = 40 + 40 + 24;

/** Bytes of one event in a full block. A text of 12 letters that no other event has costs about 40 more. */
export function bytesPerEvent(layout: EntityLayout): number {
  return blockShape(layout).bytes / BLOCK_EVENTS;
}

/**
 * Bytes of a key with so many live events, in whole blocks. Above 128 kept events the key is indexed, which costs about
 * as much again for each group of values that its features tell apart.
 */
export function bytesPerKey(layout: EntityLayout, events: number): number {
  return KEY_BYTES + Math.ceil(events / BLOCK_EVENTS) * blockShape(layout).bytes;
}
