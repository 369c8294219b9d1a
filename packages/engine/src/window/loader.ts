/**
 * The chunks of a snapshot while they are loaded: the later record of a chunk wins, and only when all are read is it
 * known which of them a key still has.
 */
import { freeChain } from "./chain.ts";
import { CHUNK_EVENTS, type ChunkHeader, CorruptChunk, decodeChunk, parseChunkKey } from "./chunk.ts";
import type { EventBlocks, EventRow } from "./event-blocks.ts";
import type { KeyRecords } from "./key-records.ts";
import type { KeyedEvents } from "./keyed-events.ts";

export type LoadedChunk = {
  readonly ordinal: number;
  readonly header: ChunkHeader;
  readonly count: number;
  /** Newest block of its own chain. */
  newest: number;
  greatestMs: number;
};

export class Loader {
  readonly #identity: Buffer;
  readonly #keys: KeyRecords;
  readonly #blocks: EventBlocks;
  readonly #row: EventRow;
  readonly #chunks = new Map<number, LoadedChunk[]>();

  constructor(identity: Buffer, { keys, blocks, row }: KeyedEvents) {
    this.#identity = identity;
    this.#keys = keys;
    this.#blocks = blocks;
    this.#row = row;
  }

  /** Throws CorruptChunk, and then has nothing of this record. */
  load(recordKey: Buffer, value: Buffer | null): void {
    const { key: text, ordinal } = parseChunkKey(recordKey);
    const known = this.#keys.find(text);
    const before = this.#chunks.get(known) ?? [];
    const others = before.filter((chunk) => chunk.ordinal !== ordinal);
    for (const chunk of before) if (chunk.ordinal === ordinal) freeChain(this.#blocks, chunk.newest);
    if (known !== 0) this.#chunks.set(known, others);
    if (value === null) return;
    const loaded: { chunk: LoadedChunk | null } = { chunk: null };
    let number = 0;
    try {
      decodeChunk(recordKey, this.#identity, value, this.#blocks, this.#row, {
        header: (header, count) => {
          number = ordinal * CHUNK_EVENTS + header.first;
          loaded.chunk = { ordinal, header, count, newest: 0, greatestMs: -1 };
        },
        event: (row, changes) => {
          const chunk = loaded.chunk as LoadedChunk;
          const event = this.#blocks.append(chunk.newest, row, chunk.greatestMs, number, chunk.newest === 0);
          if (changes.length > 0) this.#blocks.setChanges(event, changes);
          chunk.newest = event >>> 3;
          chunk.greatestMs = Math.max(chunk.greatestMs, row.timeMs);
          number += 1;
        },
      });
    } catch (error) {
      if (loaded.chunk !== null) freeChain(this.#blocks, loaded.chunk.newest);
      throw error;
    }
    if (loaded.chunk === null) return;
    const key = known === 0 ? this.#keys.add(text) : known;
    this.#chunks.set(key, [...others, loaded.chunk]);
  }

  /** Joins each key's chunks and sets its record. Returns the chunks that are kept, by key. Throws CorruptChunk. */
  assemble(): Map<number, LoadedChunk[]> {
    for (const [key, chunks] of this.#chunks) {
      if (chunks.length > 0) this.#chunks.set(key, this.#join(key, chunks));
      else {
        this.#chunks.delete(key);
        this.#keys.remove(key);
      }
    }
    return this.#chunks;
  }

  #join(key: number, chunks: LoadedChunk[]): LoadedChunk[] {
    chunks.sort((a, b) => a.ordinal - b.ordinal);
    const base = Math.max(...chunks.map(({ header }) => header.base));
    const kept = chunks.filter(({ ordinal }) => ordinal >= base);
    for (const { ordinal, newest } of chunks) if (ordinal < base) freeChain(this.#blocks, newest);
    let [newest, greatestMs, events] = [0, -1, 0];
    for (const [index, chunk] of kept.entries()) {
      const { ordinal, header, count } = chunk;
      const wanted = (kept[0] as LoadedChunk).ordinal + index;
      if (ordinal !== wanted) throw new CorruptChunk(`chunk ${wanted} of a key is missing before ${ordinal}`);
      if (index > 0 && header.first > 0) throw new CorruptChunk(`chunk ${ordinal} of a key lacks its first events`);
      if (index < kept.length - 1 && header.first + count !== CHUNK_EVENTS)
        throw new CorruptChunk(`chunk ${ordinal} of a key ends at ${header.first + count} and has a successor`);
      this.#chain(chunk.newest, newest, greatestMs);
      newest = chunk.newest;
      greatestMs = Math.max(greatestMs, chunk.greatestMs);
      events += count;
    }
    const last = kept.at(-1) as LoadedChunk;
    this.#keys.setNewest(key, newest);
    this.#keys.setGreatestMs(key, greatestMs);
    this.#keys.setKept(key, events);
    this.#keys.setNextNumber(key, last.ordinal * CHUNK_EVENTS + last.header.first + last.count);
    this.#keys.setWritten(key, (chunks[0] as LoadedChunk).ordinal, last.ordinal + 1);
    return kept;
  }

  /** Puts a chunk's blocks behind those of the chunk before. */
  #chain(newest: number, before: number, greatestMs: number): void {
    if (before === 0) return;
    for (let block = newest; ; block = this.#blocks.previous(block)) {
      this.#blocks.setPrefix(block, Math.max(greatestMs, this.#blocks.prefixMs(block)));
      if (this.#blocks.previous(block) !== 0) continue;
      this.#blocks.setPrevious(block, before);
      return;
    }
  }
}
