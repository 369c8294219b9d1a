/**
 * The marker: written to the state topic in every transaction, it says up to which input offset the
 * snapshot records before it and the outputs go, and where silent replay has to begin.
 */
import { crc32 } from "node:zlib";
import type { ReplayPoint } from "./stage.ts";

export type Marker = {
  /** The committed input offset of the transaction that wrote it. */
  readonly position: number;
  readonly replayFrom: ReplayPoint;
  /** Stage.identity. */
  readonly identity: string;
  /** Counts the times that the state was rebuilt from the log; chunks of an earlier epoch mean nothing any more. */
  readonly epoch: number;
  /** Of the commit that wrote it: what then stood beside the committed offset. Null: written before version 2. */
  readonly tag: string | null;
  /**
   * Where the state topic's partition began when this state was begun: compaction does not move that, so once it begins
   * later, chunks may be gone. Null: written by an engine that did not say.
   */
  readonly snapshotFrom: number | null;
  /** StageState.historySinceMs. */
  readonly historySinceMs: number;
  /** Stage.feeds. Null: written by an engine that did not say. */
  readonly feeds: readonly string[] | null;
  /** Stage.ids. */
  readonly ids?: string | undefined;
  /** Log.topicId() of the input that the state was built of. Absent: written by an engine that did not say. */
  readonly inputId?: string | undefined;
};

/** First byte of every key in a state topic: what kind of record it is. */
const KIND = { marker: 0, chunk: 1 } as const;

export const MARKER_KEY = Buffer.from([KIND.marker]);

export function isMarkerKey(key: Buffer): boolean {
  return key.length === 1 && key[0] === KIND.marker;
}

/** Kind, then the epoch in 4 bytes, then the stage's own name of the chunk. */
const CHUNK_HEADER_BYTES = 5;

/** The state topic's key for a chunk that the stage calls `key`. */
export function chunkKey(epoch: number, key: Buffer): Buffer {
  const out = Buffer.allocUnsafe(CHUNK_HEADER_BYTES + key.length);
  out.writeUInt8(KIND.chunk, 0);
  out.writeUInt32BE(epoch, 1);
  key.copy(out, CHUNK_HEADER_BYTES);
  return out;
}

/** The epoch of a chunk and the stage's own name of it; throws when the key is no chunk's. */
export function parseChunkKey(key: Buffer): { readonly epoch: number; readonly key: Buffer } {
  if (key[0] !== KIND.chunk || key.length < CHUNK_HEADER_BYTES)
    throw new Error(`state topic: a key of unknown kind ${key[0]} and ${key.length} bytes`);
  return { epoch: key.readUInt32BE(1), key: key.subarray(CHUNK_HEADER_BYTES) };
}

/** A member that older engines may pass over needs no new version. */
const VERSION = 2;

export function encodeMarker(marker: Marker): Buffer {
  const body = JSON.stringify({ version: VERSION, ...marker });
  return Buffer.from(`${checksum(body)}${body}`);
}

/** Throws an Error when the bytes are not a marker of a known version or their checksum does not hold. */
export function decodeMarker(value: Buffer): Marker {
  const text = value.toString();
  const body = text.slice(8);
  if (text.slice(0, 8) !== checksum(body)) throw new Error("marker: the checksum does not hold");
  const {
    version,
    position,
    replayFrom,
    identity,
    epoch,
    tag = null,
    snapshotFrom = null,
    historySinceMs = 0,
    feeds = null,
    ids,
    inputId,
  } = JSON.parse(body) as Marker & { version: number };
  if (version !== 1 && version !== VERSION)
    throw new Error(`marker: version ${version} is unknown, this engine reads up to ${VERSION}`);
  return { position, replayFrom, identity, epoch, tag, snapshotFrom, historySinceMs, feeds, ids, inputId };
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}
