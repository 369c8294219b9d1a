/** What is kept of ids, origins and payloads: numbers to know them again by. See hash.ts for how surely. */
import { Hash } from "./hash.ts";
import type { Observation, Origin } from "./observation.ts";

const SEED = { id: 2, origin: 3, payload: 4 } as const;

const hash = new Hash();

/** An id is its source's own: two sources may use the same. In `low` and `high` of the hash, until the next one is taken. */
export function hashOfId(source: string, id: string): Hash {
  return hash.start(SEED.id).text(source).text(id).finish();
}

/** Stands for the id of a transaction without one; never equal to an id's but by chance. */
export function hashOfOrigin({ partition, offset }: Origin): Hash {
  return hash.start(SEED.origin).integer(partition).integer(offset).finish();
}

/** 32 bits of all members that we read but the id: it only ever tells two transactions of one id apart. */
function payloadOf({ transaction }: Observation): number {
  const { location, timestampMs } = transaction;
  hash.start(SEED.payload).text(transaction.source).text(transaction.target);
  hash.text(transaction.currency).integer(transaction.amountMinor).integer(transaction.exponent);
  hash
    .integer(timestampMs ?? -1)
    .text(transaction.channel)
    .text(transaction.country)
    .text(transaction.category);
  hash.text(transaction.device).text(location === null ? null : `${location.latitude},${location.longitude}`);
  return hash.finish().low;
}

export type Fingerprint = { readonly idLow: number; readonly idHigh: number; readonly payload: number };

let taken: { readonly of: Observation; readonly fingerprint: Fingerprint } | null = null;

/** Of one observation after the other: the states of all its entities ask, and it is taken once. */
export function fingerprintOf(observation: Observation): Fingerprint {
  if (taken?.of === observation) return taken.fingerprint;
  const { id, source } = observation.transaction;
  const { low: idLow, high: idHigh } = id === null ? hashOfOrigin(observation.origin) : hashOfId(source, id);
  const fingerprint = { idLow, idHigh, payload: payloadOf(observation) };
  taken = { of: observation, fingerprint };
  return fingerprint;
}
