/**
 * What a record takes along from stage to stage: one header, the last of its headers. Key, value and the headers before
 * it say what the input said; the envelope says where that lay and what the stages so far found out about it.
 *
 * Version 1, little-endian, u64 up to 2^53 - 1:
 *
 *     u8 version | u8 flags | u32 partition and u64 offset of the input record
 *     of a transaction: u64 event time in ms | u64 order | 8 bytes of the ruleset's hash
 *                       u16 number of features | u32 id of each | f64 value of each; NaN = missing
 *                       u16 number of feature with evidence | of each: u16 its place among the features,
 *                           u8 number of origins, of each u32 partition and u64 offset
 *                       u64 time since when history is known, if it is not known from its beginning
 *     the input's key, to the end, if it had one
 *
 * Whatever the bytes, reading them gives an envelope or a reason.
 */
import type { Header } from "./record.ts";

export const ENVELOPE_HEADER = "weir-envelope";

/** Place of an input record: with its topic its decision id. */
type Place = { readonly partition: number; readonly offset: number };

export type TransactionEnvelope = {
  readonly origin: Place;
  /** The input's key. */
  readonly key: Buffer | null;
  /** Event time. */
  readonly timeMs: number;
  /** Offset in the log by source; null before that is known. */
  readonly order: number | null;
  /** Of some stage so far: decided, but not counted for later ones. */
  readonly late: boolean;
  /** Of some stage so far: a window had more transactions than are kept. */
  readonly approximate: boolean;
  /** Of some stage so far: windows that reach back before it, ms, may lack transactions. 0: none does. */
  readonly historySinceMs: number;
  /** The first 8 bytes of the hash of the ruleset that computed the features. */
  readonly ruleset: Buffer;
  /** Of the features so far: each a hash of what the feature is. */
  readonly ids: Uint32Array;
  /** One for each id; what lies beyond is not written. */
  readonly values: Float64Array;
  /** By rising place. */
  readonly evidence: readonly Evidence[];
};

/** The earlier transactions that a feature is about, newest first, at most 255. */
export type Evidence = {
  /** Of the feature among `ids`. */
  readonly place: number;
  readonly origins: readonly Place[];
};

const VERSION = 1;
const LABEL = 1;
const KEY = 2;
const ORDER = 4;
const LATE = 8;
const APPROXIMATE = 16;
const HISTORY = 32;
const LABEL_FLAGS = LABEL | KEY;
const TRANSACTION_FLAGS = KEY | ORDER | LATE | APPROXIMATE | HISTORY;

const RULESET_BYTES = 8;
/** Where it stands in every envelope. */
const AT = {
  flags: 1,
  partition: 2,
  offset: 6,
  labelKey: 14,
  timeMs: 14,
  order: 22,
  ruleset: 30,
  features: 38,
} as const;
const ORIGIN_BYTES = 12;

export function encodeLabelEnvelope(origin: Place, key: Buffer | null): Buffer {
  const bytes = Buffer.allocUnsafe(AT.labelKey + (key?.length ?? 0));
  writeHead(bytes, LABEL | (key === null ? 0 : KEY), origin);
  if (key !== null) bytes.set(key, AT.labelKey);
  return bytes;
}

export function encodeTransactionEnvelope(envelope: TransactionEnvelope): Buffer {
  const { origin, key, timeMs, order, late, approximate, historySinceMs, ruleset, ids, values, evidence } = envelope;
  const historyBytes = historySinceMs > 0 ? 8 : 0;
  let length = AT.features + 2 + 12 * ids.length + 2 + historyBytes + (key?.length ?? 0);
  for (const { origins } of evidence) length += 3 + ORIGIN_BYTES * origins.length;
  const bytes = Buffer.allocUnsafe(length);
  const flags =
    (key === null ? 0 : KEY) |
    (order === null ? 0 : ORDER) |
    (late ? LATE : 0) |
    (approximate ? APPROXIMATE : 0) |
    (historySinceMs > 0 ? HISTORY : 0);
  writeHead(bytes, flags, origin);
  writeInteger(bytes, timeMs, AT.timeMs);
  writeInteger(bytes, order ?? 0, AT.order);
  if (ruleset.length !== RULESET_BYTES) throw new RangeError(`a ruleset's hash is 8 bytes here, got ${ruleset.length}`);
  bytes.set(ruleset, AT.ruleset);
  let at = bytes.writeUInt16LE(ids.length, AT.features);
  for (let index = 0; index < ids.length; index += 1) at = bytes.writeUInt32LE(ids[index] as number, at);
  for (let index = 0; index < ids.length; index += 1) at = writeValue(bytes, values[index] as number, at);
  at = bytes.writeUInt16LE(evidence.length, at);
  for (const { place, origins } of evidence) {
    at = bytes.writeUInt16LE(place, at);
    at = bytes.writeUInt8(origins.length, at);
    for (const { partition, offset } of origins) at = writeInteger(bytes, offset, bytes.writeUInt32LE(partition, at));
  }
  if (historySinceMs > 0) at = writeInteger(bytes, historySinceMs, at);
  if (key !== null) bytes.set(key, at);
  return bytes;
}

/** The last header's bytes if it is an envelope's; null if not. */
export function envelopeOf(headers: readonly Header[]): Buffer | null {
  const last = headers.at(-1);
  return last !== undefined && last[0] === ENVELOPE_HEADER ? last[1] : null;
}

/** Reads one envelope after another, keeping nothing of the one before. What it says is meaningless unless open() gave null. */
export class EnvelopeReader {
  isLabel = false;
  partition = 0;
  offset = 0;
  timeMs = 0;
  order: number | null = null;
  late = false;
  approximate = false;
  historySinceMs = 0;
  /** How many there are. */
  features = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #evidenceAt = 0;
  #evidences = 0;
  #endAt = 0;
  #keyAt = -1;

  /** null, or why these bytes are no envelope. They must stay as they are while it is read. */
  open(bytes: Buffer | null): string | null {
    if (bytes === null) return "no envelope";
    if (bytes[0] !== VERSION) return bytes.length === 0 ? "an empty envelope" : `an envelope of version ${bytes[0]}`;
    if (bytes.length < AT.labelKey) return ENDS_EARLY;
    const flags = bytes[AT.flags] as number;
    this.#bytes = bytes;
    this.isLabel = (flags & LABEL) !== 0;
    if ((flags & ~(this.isLabel ? LABEL_FLAGS : TRANSACTION_FLAGS)) !== 0) return `flags ${flags}`;
    this.partition = bytes.readUInt32LE(AT.partition);
    this.offset = readInteger(bytes, AT.offset);
    if (Number.isNaN(this.offset)) return TOO_LARGE;
    let end: number = AT.labelKey;
    if (!this.isLabel) {
      const fault = this.#openTransaction(flags);
      if (fault !== null) return fault;
      end = this.#endAt;
    }
    this.#keyAt = (flags & KEY) !== 0 ? end : -1;
    return this.#keyAt >= 0 || end === bytes.length ? null : `${bytes.length - end} bytes too many`;
  }

  /** The input's key: a view. */
  get key(): Buffer | null {
    return this.#keyAt < 0 ? null : this.#bytes.subarray(this.#keyAt);
  }

  /** A view. */
  get ruleset(): Buffer {
    return this.#bytes.subarray(AT.ruleset, AT.ruleset + RULESET_BYTES);
  }

  /** Of the feature at `place`, below `features`. */
  id(place: number): number {
    return this.#bytes.readUInt32LE(AT.features + 2 + 4 * place);
  }

  value(place: number): number {
    return this.#bytes.readDoubleLE(AT.features + 2 + 4 * this.features + 8 * place);
  }

  /** Origins of the feature at `place`; none if nobody asked for them. */
  evidence(place: number): Place[] {
    const bytes = this.#bytes;
    let at = this.#evidenceAt;
    for (let index = 0; index < this.#evidences; index += 1) {
      const count = bytes[at + 2] as number;
      if (bytes.readUInt16LE(at) === place)
        return Array.from({ length: count }, (_, nth) => {
          const from = at + 3 + ORIGIN_BYTES * nth;
          return { partition: bytes.readUInt32LE(from), offset: readInteger(bytes, from + 4) };
        });
      at += 3 + ORIGIN_BYTES * count;
    }
    return [];
  }

  #openTransaction(flags: number): string | null {
    const bytes = this.#bytes;
    if (bytes.length < AT.features + 4) return ENDS_EARLY;
    this.timeMs = readInteger(bytes, AT.timeMs);
    this.order = (flags & ORDER) !== 0 ? readInteger(bytes, AT.order) : null;
    if (Number.isNaN(this.timeMs + (this.order ?? 0))) return TOO_LARGE;
    this.late = (flags & LATE) !== 0;
    this.approximate = (flags & APPROXIMATE) !== 0;
    this.features = bytes.readUInt16LE(AT.features);
    const at = AT.features + 2 + 12 * this.features;
    if (at + 2 > bytes.length) return ENDS_EARLY;
    this.#evidences = bytes.readUInt16LE(at);
    this.#evidenceAt = at + 2;
    this.#endAt = this.#evidenceAt;
    const fault = this.#evidences === 0 ? null : this.#openEvidence();
    return fault ?? this.#openHistory((flags & HISTORY) !== 0);
  }

  #openEvidence(): string | null {
    const bytes = this.#bytes;
    let last = -1;
    for (let index = 0; index < this.#evidences; index += 1) {
      if (this.#endAt + 3 > bytes.length) return ENDS_EARLY;
      const place = bytes.readUInt16LE(this.#endAt);
      if (place <= last || place >= this.features)
        return `evidence of feature ${place} after ${last} of ${this.features}`;
      last = place;
      const from = this.#endAt + 3;
      this.#endAt = from + ORIGIN_BYTES * (bytes[from - 1] as number);
      if (this.#endAt > bytes.length) return ENDS_EARLY;
      for (let at = from + 4; at < this.#endAt; at += ORIGIN_BYTES)
        if (Number.isNaN(readInteger(bytes, at))) return TOO_LARGE;
    }
    return null;
  }

  #openHistory(isThere: boolean): string | null {
    this.historySinceMs = 0;
    if (!isThere) return null;
    if (this.#endAt + 8 > this.#bytes.length) return ENDS_EARLY;
    this.historySinceMs = readInteger(this.#bytes, this.#endAt);
    this.#endAt += 8;
    return Number.isNaN(this.historySinceMs) ? TOO_LARGE : null;
  }
}

const ENDS_EARLY = "an envelope that ends early";
const TOO_LARGE = "a number above 2^53";

function writeHead(bytes: Buffer, flags: number, { partition, offset }: Place): void {
  bytes[0] = VERSION;
  bytes[AT.flags] = flags;
  writeInteger(bytes, offset, bytes.writeUInt32LE(partition, AT.partition));
}

const HIGH = 2 ** 32;

function writeInteger(bytes: Buffer, value: number, at: number): number {
  bytes.writeUInt32LE(value % HIGH, at);
  return bytes.writeUInt32LE(Math.floor(value / HIGH), at + 4);
}

/** NaN if it is too large for a number. */
function readInteger(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * HIGH;
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

/** Which of its many bit patterns a NaN has is the machine's affair; here it has one. */
function writeValue(bytes: Buffer, value: number, at: number): number {
  if (!Number.isNaN(value)) return bytes.writeDoubleLE(value, at);
  bytes.writeUInt32LE(0, at);
  return bytes.writeUInt32LE(0x7ff80000, at + 4);
}
