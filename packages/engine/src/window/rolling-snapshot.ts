/**
 * What of the state goes to the topic next: the longest-dirty chunks, and tombstones of those that are no longer kept.
 *
 * Tombstones go out from the front of a key. Until they all have, the key keeps counting its chunks up: no chunk that is
 * still in the topic gets a second meaning.
 */
import { chunkRecordKey, encodeChunk } from "./chunk.ts";
import { DirtyChunks } from "./dirty-chunks.ts";
import type { KeyedEvents } from "./keyed-events.ts";

/** Share of the records, while there are keys that wait for them. */
const TOMBSTONES = 0.6;

export type ChunkRecord = { readonly key: Buffer; readonly value: Buffer | null };

export class RollingSnapshot {
  readonly dirty: DirtyChunks;
  readonly #identity: Buffer;
  readonly #events: KeyedEvents;
  /** Keys with chunks in the topic that are no longer kept, longest-waiting first. */
  readonly #graves = new Set<number>();

  constructor(identity: Buffer, events: KeyedEvents) {
    this.#identity = identity;
    this.#events = events;
    this.dirty = new DirtyChunks(events.keys);
  }

  /** Something of the key may have gone. Returns whether the topic holds chunks of it that are no longer kept. */
  bury(key: number): boolean {
    const hasGraves = this.#events.keys.hasGraves(key);
    if (hasGraves) this.#graves.add(key);
    return hasGraves;
  }

  /**
   * Oldest changes first. Where every key comes once, each chunk that is written is followed by a tombstone: while keys wait
   * for theirs, more than half goes to them, so that they do not become ever more, and so does what is left over.
   */
  take(limit: number, asOf: number, forget: (key: number) => void): ChunkRecord[] {
    const records: ChunkRecord[] = [];
    const forTombstones = Math.min(this.#graves.size, Math.ceil(limit * TOMBSTONES));
    while (records.length < limit - forTombstones) {
      const chunk = this.dirty.take();
      if (chunk === null) break;
      records.push(this.#chunk(chunk.key, chunk.ordinal, asOf));
    }
    const { keys } = this.#events;
    for (const key of this.#graves) {
      while (records.length < limit && keys.hasGraves(key)) {
        const bottom = keys.bottom(key);
        records.push({ key: this.#recordKey(key, bottom), value: null });
        keys.setWritten(key, bottom + 1, keys.top(key));
      }
      if (keys.hasGraves(key)) break;
      this.#graves.delete(key);
      if (keys.kept(key) === 0) forget(key);
    }
    return records;
  }

  #recordKey(key: number, ordinal: number): Buffer {
    const { keys } = this.#events;
    const length = keys.utf8Length(key);
    return chunkRecordKey(keys.told, ordinal, length);
  }

  #chunk(key: number, ordinal: number, asOf: number): ChunkRecord {
    const { keys, blocks, row } = this.#events;
    const recordKey = this.#recordKey(key, ordinal);
    const { first, events } = this.#events.chunk(key, ordinal);
    const successor = this.dirty.successor(key, ordinal);
    const header = {
      asOf,
      successorOffset: successor?.offset ?? -1,
      givenUpMs: successor?.givenUpMs ?? this.#events.givenUpMs(key),
      base: keys.base(key),
      first,
    };
    const [bottom, top] = [keys.bottom(key), keys.top(key)];
    keys.setWritten(key, top <= bottom ? ordinal : bottom, Math.max(top, ordinal + 1));
    return { key: recordKey, value: encodeChunk(recordKey, this.#identity, header, events, blocks, row) };
  }
}
