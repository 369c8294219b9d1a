/**
 * The chunks of a snapshot while they are loaded: the later record of a chunk wins, and only when all are read is it
 * known which of them a key still has. A key of one chunk, as nearly all are, is complete at once, so that little is left
 * to do in the end.
 */
import { freeChain } from "./chain.ts";
import { CHUNK_EVENTS, type ChunkHeader, type ChunkSink, CorruptChunk, decodeChunk, parseChunkKey } from "./chunk.ts";
import type { EventBlocks, EventRow } from "./event-blocks.ts";
import type { KeyRecords } from "./key-records.ts";
import type { KeyedEvents } from "./keyed-events.ts";
import { LoadedChunks } from "./loaded-chunks.ts";

export class Loader {
  readonly #identity: Buffer;
  readonly #events: KeyedEvents;
  readonly #keys: KeyRecords;
  readonly #blocks: EventBlocks;
  readonly #chunks = new LoadedChunks();
  readonly #chain: ChunkChain;
  /** Keys that are to be joined, or that have no chunk left. */
  readonly #open = new Set<number>();

  constructor(identity: Buffer, events: KeyedEvents) {
    this.#identity = identity;
    this.#events = events;
    this.#keys = events.keys;
    this.#blocks = events.blocks;
    this.#chain = new ChunkChain(events.blocks);
  }

  /** Throws CorruptChunk, and then has nothing of this record. */
  load(recordKey: Buffer, value: Buffer | null): void {
    const { end, ordinal } = parseChunkKey(recordKey);
    const known = this.#keys.findUtf8(recordKey, 0, end);
    const earlier = this.#chunks.find(known, ordinal);
    if (earlier !== 0) this.#drop(known, earlier);
    if (value === null) return;
    const chain = this.#chain;
    chain.begin(ordinal);
    try {
      if (!decodeChunk(recordKey, this.#identity, value, this.#blocks, this.#events.row, chain)) return;
    } catch (error) {
      freeChain(this.#blocks, chain.newest);
      throw error;
    }
    const key = known === 0 ? this.#keys.addUtf8(recordKey, 0, end) : known;
    const isOnly = this.#chunks.latest(key) === 0;
    const chunk = this.#chunks.add(key, ordinal, chain.chunk, chain.count, chain.newest, chain.greatestMs);
    if (isOnly && chain.chunk.givenUpMs < 0) {
      this.#join(key, [chunk]);
      this.#open.delete(key);
    } else this.#open.add(key);
  }

  /** Joins each key's chunks and sets its record. Returns the chunks that are kept. Throws CorruptChunk. */
  assemble(onJoined: (key: number) => void): LoadedChunks {
    for (const key of this.#open) {
      const chunks = this.#chunks.of(key);
      if (chunks.length === 0) {
        this.#keys.remove(key);
        continue;
      }
      this.#join(key, chunks);
      this.#events.restoreGivenUp(key, this.#chunks.givenUpMs(this.#chunks.latest(key)));
      onJoined(key);
    }
    return this.#chunks;
  }

  #drop(key: number, chunk: number): void {
    freeChain(this.#blocks, this.#chunks.newest(chunk));
    this.#chunks.remove(key, chunk);
    this.#open.add(key);
  }

  /** `all`: by rising ordinals. */
  #join(key: number, all: readonly number[]): void {
    const chunks = this.#chunks;
    const bottom = chunks.ordinal(all[0] as number);
    let base = 0;
    for (const chunk of all) base = Math.max(base, chunks.base(chunk));
    const last = all.at(-1) as number;
    let [newest, greatestMs, events, wanted] = [0, -1, 0, -1];
    for (const chunk of all) {
      const [ordinal, first, count] = [chunks.ordinal(chunk), chunks.first(chunk), chunks.count(chunk)];
      if (ordinal < base) {
        this.#drop(key, chunk);
        continue;
      }
      if (wanted >= 0 && ordinal !== wanted)
        throw new CorruptChunk(`chunk ${wanted} of a key is missing before ${ordinal}`);
      wanted = ordinal + 1;
      if (newest !== 0 && first > 0) throw new CorruptChunk(`chunk ${ordinal} of a key lacks its first events`);
      if (chunk !== last && first + count !== CHUNK_EVENTS)
        throw new CorruptChunk(`chunk ${ordinal} of a key ends at ${first + count} and has a successor`);
      this.#putBehind(chunks.newest(chunk), newest, greatestMs);
      newest = chunks.newest(chunk);
      greatestMs = Math.max(greatestMs, chunks.greatestMs(chunk));
      events += count;
    }
    this.#keys.setNewest(key, newest);
    this.#keys.setGreatestMs(key, greatestMs);
    this.#keys.setKept(key, events);
    this.#keys.setNextNumber(key, chunks.ordinal(last) * CHUNK_EVENTS + chunks.first(last) + chunks.count(last));
    this.#keys.setWritten(key, bottom, chunks.ordinal(last) + 1);
  }

  /** Puts a chunk's blocks behind those of the chunk before. */
  #putBehind(newest: number, before: number, greatestMs: number): void {
    if (before === 0) return;
    for (let block = newest; ; block = this.#blocks.previous(block)) {
      this.#blocks.setPrefix(block, Math.max(greatestMs, this.#blocks.prefixMs(block)));
      if (this.#blocks.previous(block) !== 0) continue;
      this.#blocks.setPrevious(block, before);
      return;
    }
  }
}

const NO_HEADER: ChunkHeader = { asOf: 0, successorOffset: -1, givenUpMs: -1, base: 0, first: 0 };

/** One chunk's events on their way into a chain of blocks of its own. */
class ChunkChain implements ChunkSink {
  readonly #blocks: EventBlocks;
  /** Of the chunk that is decoded. */
  chunk = NO_HEADER;
  count = 0;
  newest = 0;
  greatestMs = -1;
  #ordinal = 0;
  #number = 0;

  constructor(blocks: EventBlocks) {
    this.#blocks = blocks;
  }

  begin(ordinal: number): void {
    this.#ordinal = ordinal;
    this.newest = 0;
    this.greatestMs = -1;
  }

  header(header: ChunkHeader, count: number): void {
    if (header.base > this.#ordinal)
      throw new RangeError(`chunk ${this.#ordinal} says that ${header.base} is the first`);
    this.chunk = header;
    this.count = count;
    this.#number = this.#ordinal * CHUNK_EVENTS + header.first;
  }

  event(row: EventRow, changes: readonly number[]): void {
    const event = this.#blocks.append(this.newest, row, this.greatestMs, this.#number, this.newest === 0);
    if (changes.length > 0) this.#blocks.setChanges(event, changes);
    this.newest = event >>> 3;
    if (row.timeMs > this.greatestMs) this.greatestMs = row.timeMs;
    this.#number += 1;
  }
}
