/** What the state costs in memory, estimated from what it keeps. */
import type { EntityLayout } from "@weir/engine";

/** The key that estimates are for: an ordinary customer. */
export const EVENTS_PER_KEY = 20;

const EVENT = { time: 8, amount: 8, column: 4, id: 16, origin: 12, label: 8 } as const;
const KEY_BYTES = 120;

/** Bytes of one key of EVENTS_PER_KEY transactions. */
export function estimatedBytes({ columns, amounts, ids, labels }: EntityLayout): number {
  const event =
    EVENT.time +
    columns.length * EVENT.column +
    (amounts ? EVENT.amount : 0) +
    (ids ? EVENT.id + EVENT.origin : 0) +
    (labels ? EVENT.label : 0);
  return KEY_BYTES + EVENTS_PER_KEY * event;
}
