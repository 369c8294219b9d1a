/**
 * Kafka's default partitioner, so that a key lands where any other producer would have put it.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 (MurmurHash2, 32 bit, seed 0x9747b28c).
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;

const scratch = Buffer.allocUnsafeSlow(1024);

/** Signed 32-bit hash, equal to Kafka's for the same bytes. */
export function murmur2(bytes: Buffer): number {
  return hash(bytes, bytes.length);
}

/** The partition of a key; a string stands for its UTF-8 bytes. Throws RangeError unless partitions is an integer > 0. */
export function partitionFor(key: Buffer | string, partitions: number): number {
  if (!Number.isInteger(partitions) || partitions <= 0) {
    throw new RangeError(`partitions must be an integer > 0, got ${partitions}`);
  }
  return ((typeof key === "string" ? hashText(key) : murmur2(key)) & 0x7fffffff) % partitions;
}

function hashText(text: string): number {
  // A UTF-16 unit becomes three bytes at most.
  if (text.length * 3 > scratch.length) return murmur2(Buffer.from(text));
  let length = 0;
  for (; length < text.length; length++) {
    const unit = text.charCodeAt(length);
    if (unit > 0x7f) return hash(scratch, scratch.write(text));
    scratch[length] = unit;
  }
  return hash(scratch, length);
}

function hash(bytes: Buffer, length: number): number {
  let h = SEED ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k =
      byteAt(bytes, i) | (byteAt(bytes, i + 1) << 8) | (byteAt(bytes, i + 2) << 16) | (byteAt(bytes, i + 3) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length - whole;
  if (rest >= 3) h ^= byteAt(bytes, whole + 2) << 16;
  if (rest >= 2) h ^= byteAt(bytes, whole + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ byteAt(bytes, whole), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
