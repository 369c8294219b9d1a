/**
 * Names of chunks: the persistent form of at most 256 events of one key, in the order of their arrival. Record key:
 * the key's UTF-8 bytes, then the chunk's ordinal (u32, big-endian).
 */

/** The state topic holds bytes that this engine did not write, or that were damaged since. */
export class CorruptChunk extends Error {
  override readonly name = "CorruptChunk";
}

export function chunkRecordKey(key: string, ordinal: number): Buffer {
  const bytes = Buffer.byteLength(key);
  const out = Buffer.allocUnsafe(bytes + 4);
  out.write(key, 0);
  out.writeUInt32BE(ordinal, bytes);
  return out;
}

export function parseChunkKey(recordKey: Buffer): { readonly key: string; readonly ordinal: number } {
  if (recordKey.length < 5) throw new CorruptChunk(`a chunk's key has at least 5 bytes, got ${recordKey.length}`);
  const end = recordKey.length - 4;
  return { key: recordKey.toString("utf8", 0, end), ordinal: recordKey.readUInt32BE(end) };
}
